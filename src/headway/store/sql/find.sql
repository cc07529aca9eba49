-- Each page ends with the place of its last row; `at` and `id` are where the page before ended.

-- name: active
select id, at, key, body from (
    select id, at, key, body, source, phase, grp from entities
    where active = 1 and kind = :kind and kind <> 'step' and (at, id) < (:at, :id)
    order by at desc, id desc limit :widest
)
where (:source = '' or source = :source) and (:phase = '' or phase = :phase)
limit :limit;

-- name: ended
select id, at, key, body from entities
where kind = 'job' and active = 0 and (at, id) < (:at, :id)
order by at desc, id desc limit :limit;

-- name: ended_of_source
select id, at, key, body from entities
where kind = 'job' and active = 0 and source = :source and (at, id) < (:at, :id)
order by at desc, id desc limit :limit;

-- name: ended_so
select id, at, key, body from entities
where kind = 'job' and active = 0 and outcome = :outcome and (at, id) < (:at, :id)
order by at desc, id desc limit :limit;

-- name: ended_so_of_source
select id, at, key, body from entities
where kind = 'job' and active = 0 and source = :source and outcome = :outcome
    and (at, id) < (:at, :id)
order by at desc, id desc limit :limit;

-- name: groups_ended
select id, at, key, body from entities
where kind = 'group' and active = 0 and (at, id) < (:at, :id)
order by at desc, id desc limit :limit;

-- name: members
select id, at, key, body from (
    select id, at, key, body, kind, active, source, phase, outcome from entities
    where grp = :group and grp <> '' and id < :id order by id desc limit :widest
)
where kind = :kind and (:active is null or active = :active)
    and (:source = '' or source = :source) and (:phase = '' or phase = :phase)
    and (:outcome = '' or outcome = :outcome)
limit :limit;

-- name: titled
select entities.id, at, key, body from (
    select rowid as place from titles where titles match :words and rowid < :id
    order by rowid desc limit :widest
) cross join entities on entities.id = place
where kind = :kind and (:active is null or active = :active)
    and (:source = '' or source = :source) and (:phase = '' or phase = :phase)
    and (:outcome = '' or outcome = :outcome) and (:group = '' or grp = :group)
order by place desc limit :limit;

-- name: recent
select id, at, key, body from (
    select id, at, key, body, kind, active, source from entities
    where id < :id order by id desc limit :widest
)
where kind = :kind and (:active is null or active = :active)
limit :limit;

-- name: more_active
select count(*) from (
    select 1 from entities where active = 1 and kind = :kind and kind <> 'step' limit :widest + 1
);

-- name: more_members
select count(*) from (
    select 1 from entities where grp = :group and grp <> '' and id < :id limit :widest + 1
);

-- name: more_titled
select count(*) from (
    select 1 from titles where titles match :words and rowid < :id limit :widest + 1
);

-- name: more_recent
select count(*) from (select 1 from entities where id < :id limit :widest + 1);
