-- name: active
select id, key, kind, offset, active, source, phase, outcome, title, grp, at, body
from entities where active = 1 and kind = ? and kind <> 'step';

-- name: by_key
select id, key, kind, offset, active, source, phase, outcome, title, grp, at, body
from entities where key = ?;

-- name: steps
select id, key, kind, offset, active, source, phase, outcome, title, grp, at, body
from entities where key > ?1 || '~' and key < ?1 || x'7f';

-- name: compact
select compact.body from compact join entities on entities.id = compact.entity
where entities.key = ?;

-- name: members
select key, phase, case when phase = 'succeeded' then null else body end
from entities where grp = ? and grp <> '' and kind = 'job';

-- name: seals
select body from payloads where entity = ? and name = 'seals' and attempt = 0;
