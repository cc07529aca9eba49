-- name: too_old
select id, key from entities
where kind = 'job' and active = 0 and at < ? order by at, id limit ?;

-- name: oldest
select id, key from entities where kind = 'job' and active = 0 order by at, id limit ?;

-- name: family
select id, offset from entities
where id = ?1 or (key > ?2 || '~' and key < ?2 || x'7f');

-- name: forget_entity
delete from entities where id = ?;

-- name: forget_events
delete from events where entity = ?;

-- name: forget_payloads
delete from payloads where entity = ?;

-- name: forget_compact
delete from compact where entity = ?;

-- name: forget_title
delete from titles where rowid = ?;

-- name: groups_too_old
select id, key, offset from entities
where kind = 'group' and active = 0 and at < ?1
    and not exists (select 1 from entities as member
                    where member.grp = entities.key and member.grp <> '')
order by at limit ?2;

-- name: forget_records
delete from records where ended_at < ?;

-- name: forget_samples
delete from samples where at < ?;

-- name: loose
select distinct key from (
    select substr(key, 1, length(rtrim(key, replace(key, '~', ''))) - 1) as key
    from entities where kind = 'step' and active = 0 and at < ? order by at limit ?
);

-- name: job_id
select id from entities where key = ?;

-- name: steps
select id, key, offset, body from entities where key > ?1 || '~' and key < ?1 || x'7f';

-- name: compact
select body from compact where entity = ?;

-- name: make_compact
insert or replace into compact (entity, body) values (?, ?);

-- name: used
select (select page_count from pragma_page_count()) * (select page_size from pragma_page_size())
    - (select freelist_count from pragma_freelist_count())
    * (select page_size from pragma_page_size());
