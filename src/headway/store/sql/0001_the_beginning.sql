-- The present: one small row for each entity. `body` is the entity as JSON.
create table entities (
    id integer primary key,
    key text not null,
    kind text not null,
    offset integer not null,
    active integer not null,
    source text not null,
    phase text not null,
    outcome text not null,
    title text not null,
    grp text not null,
    at real not null,
    body text not null
);
-- On the key alone: with (kind, key) the planner took it for "the newest of a kind".
create unique index entities_by_key on entities (key);
create index entities_by_offset on entities (offset);
create index entities_active on entities (kind, at) where active = 1 and kind <> 'step';
create index entities_by_group on entities (grp) where grp <> '';
create index jobs_by_at on entities (at) where kind = 'job' and active = 0;
create index jobs_by_source on entities (source, at) where kind = 'job' and active = 0;
create index jobs_by_outcome on entities (outcome, at) where kind = 'job' and active = 0;
create index jobs_by_both on entities (source, outcome, at) where kind = 'job' and active = 0;
create index groups_by_at on entities (at) where kind = 'group' and active = 0;
-- Steps of finished jobs that have a row each; after a day they are made compact.
create index steps_loose on entities (at) where kind = 'step' and active = 0;

-- The past: every edge once.
create table events (
    offset integer primary key,
    entity integer not null,
    attempt integer not null,
    kind integer not null,
    at real not null,
    disc text not null,
    body text not null
);
create unique index events_once on events (entity, attempt, kind, disc);

-- Big texts, so that a level rewrites half a kilobyte.
create table payloads (
    entity integer not null,
    name text not null,
    attempt integer not null,
    body text not null
);
create unique index payloads_once on payloads (entity, name, attempt);

-- The steps of a job that ended long ago: a JSON list of entities.
create table compact (
    entity integer primary key,
    body text not null
);

-- How many jobs ended how, by the hour; moved with the outcomes, kept when jobs go.
create table tally (
    source text not null,
    outcome text not null,
    hour integer not null,
    n integer not null,
    primary key (source, outcome, hour)
) without rowid;

-- What estimates need to know of a finished job.
create table records (
    key text primary key,
    source text not null,
    signature text not null,
    family text not null,
    ended_at real not null,
    body text not null
);
create index records_by_end on records (ended_at, key);
create index records_by_source on records (source, ended_at, key);
create index records_by_signature on records (signature, ended_at, key)
    where signature <> '';
create index records_by_family on records (family, ended_at, key)
    where family <> '';

-- Readings of machines.
create table samples (
    at real not null,
    key text not null,
    field text not null,
    value real not null
);
create index samples_of on samples (key, field, at);
create index samples_by_at on samples (at);

-- Words of titles; the row's id is the entity's.
create virtual table titles using fts5(title, content = '', contentless_delete = 1);

-- epoch: which file this is. reserved: no offset above it was ever given out.
-- floor: cursors below it need a snapshot. clean: 1 while nobody has the file open to write.
create table counters (
    name text primary key,
    value
) without rowid;
insert into counters (name, value) values ('reserved', 0), ('floor', 0), ('clean', 1);
