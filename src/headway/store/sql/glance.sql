-- name: newest
-- `kind <> 'step'` is for the planner, to see that the index serves.
-- What is not over first, then what ended, each newest first.
with newest as (
    select * from (
        select 1 as part, id, at, key, source, phase, outcome, title, body from entities
        where active = 1 and kind = 'job' and kind <> 'step' and :outcome = ''
            and (:source = '' or source = :source)
        order by at desc, id desc limit :limit
    )
    union all
    select * from (
        select 0 as part, id, at, key, source, phase, outcome, title, body from entities
        where active = 0 and kind = 'job'
            and (:source = '' or source = :source) and (:outcome = '' or outcome = :outcome)
        order by at desc, id desc limit :limit
    )
    limit :limit
),
attempted as materialized (
    select newest.*, '$.attempts."' || (
        select key from json_each(body, '$.attempts')
        where part = 1 or json_extract(value, '$.end.outcome') = newest.outcome
        order by cast(key as integer) desc limit 1
    ) || '"' as place
    from newest
)
select
    key, source, phase, title,
    json_extract(body, place || '.queued[0]') as queued_at,
    json_extract(body, place || '.started[0]') as started_at,
    json_extract(body, place || '.end.at') as ended_at,
    max(
        at,
        ifnull(json_extract(body, place || '.started[0]'), 0),
        ifnull(json_extract(body, place || '.stepped_at'), 0)
    ) as updated_at,
    json_extract(body, place || '.end.basis') as basis,
    json_extract(body, place || '.end.why') as why
from attempted
order by part desc, at desc, id desc;
