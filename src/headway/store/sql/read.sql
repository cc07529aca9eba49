-- name: counters
select name, value from counters;

-- name: head
select max(offset) from entities;

-- name: changes
select offset, key, body from entities where offset > ? order by offset limit ?;

-- name: edged
select entities.key, case when events.kind in (5, 6) then events.body ->> 'step' end
from events join entities on entities.id = events.entity
where events.offset > ?;

-- name: live
select offset, key, body from entities where active = 1 and kind = ? and kind <> 'step';

-- name: get
select kind, body from entities where key = ?;

-- name: steps
select body from entities where key > ?1 || '~' and key < ?1 || x'7f';

-- name: compact
select compact.body from compact join entities on entities.id = compact.entity
where entities.key = ?;

-- name: past
select offset, kind, at, attempt, body from events
where entity = (select id from entities where key = ?)
order by offset desc limit ?;

-- name: payload
select body from payloads
where entity = (select id from entities where key = ?) and name = ?
order by attempt desc limit 1;

-- name: counts
select source, outcome, hour, n from tally where hour >= ? and n > 0;

-- name: totals
select source, outcome, 0, sum(n) from tally group by source, outcome having sum(n) > 0;

-- name: records
select body from records order by ended_at desc, key desc limit :limit;

-- name: records_of_source
select body from records where source = :source order by ended_at desc, key desc limit :limit;

-- name: records_of_signature
select body from records
where signature = :signature and signature <> '' and (:source = '' or source = :source)
    and (:family = '' or family = :family)
order by ended_at desc, key desc limit :limit;

-- name: records_of_family
select body from records
where family = :family and family <> '' and (:source = '' or source = :source)
order by ended_at desc, key desc limit :limit;

-- name: samples
select at, key, field, value from samples where key = ? and field = ? and at >= ? order by at;

-- name: keys_between
select key from (select key, kind from entities where key >= ? and key < ? order by key limit ?)
where kind = 'job' order by key limit ?;

-- name: sources_of_ended
with recursive found (source) as (
    select min(source) from entities where kind = 'job' and active = 0
    union all
    select (select min(source) from entities
            where kind = 'job' and active = 0 and source > found.source)
    from found where found.source is not null
)
select source from found where source is not null;

-- name: sources_of_active
select distinct source from entities where active = 1 and kind = 'job' and kind <> 'step';
