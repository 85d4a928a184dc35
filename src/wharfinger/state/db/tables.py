"""The tables, as a list of migrations.

Written for PostgreSQL; `schema` translates for SQLite by a few replacements, so that one text serves both. What stands
behind `-- postgresql:` is for PostgreSQL only. Times are milliseconds since 1970. A released migration is never edited.
"""

from __future__ import annotations

from typing import Final, NamedTuple

FIRST: Final = """
CREATE TABLE access_keys (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    principal TEXT NOT NULL,            -- ARN
    secret BYTEA NOT NULL,              -- encrypted, bound to the id
    created_at BIGINT NOT NULL
); -- clustered
CREATE INDEX keys_of_account ON access_keys (account, created_at, id);
CREATE TABLE registry_settings (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (account, region, name)
); -- clustered
CREATE TABLE repositories (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    tag_mutability TEXT NOT NULL,
    tag_mutability_exclusions TEXT NOT NULL,  -- JSON list of patterns
    scan_on_push BIGINT NOT NULL,
    encryption_type TEXT NOT NULL,
    kms_key TEXT,
    resource_tags TEXT NOT NULL,        -- JSON object
    bin_days BIGINT,                    -- null: as the server has it
    protection TEXT,                    -- why the repository must not be deleted
    UNIQUE (account, region, name)
);
-- one row for each call that deleted something from a repository; what it deleted is in the bin until expires_at
CREATE TABLE deletions (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    repository TEXT NOT NULL,
    at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    principal TEXT NOT NULL,            -- ARN of who asked
    operation TEXT NOT NULL,            -- by which way
    reason TEXT,                        -- why, if somebody said so
    plan_id BIGINT,
    settings TEXT,                      -- JSON, where the repository itself went
    untagged TEXT NOT NULL,             -- JSON list of [tag, digest]: tags that went from images that stayed
    links_due_at BIGINT,                -- when to look at what its images held; null: done
    referrers_due_at BIGINT             -- when to delete what named its images as subject; null: done
);
CREATE INDEX deletions_of_registry ON deletions (account, region, id);
CREATE INDEX deletions_of_repository ON deletions (account, region, repository, id);
CREATE INDEX deletions_by_term ON deletions (expires_at);
CREATE INDEX deletions_of_plan ON deletions (plan_id, id) WHERE plan_id IS NOT NULL;
CREATE INDEX deletions_by_links ON deletions (links_due_at) WHERE links_due_at IS NOT NULL;
CREATE INDEX deletions_by_referrers ON deletions (referrers_due_at) WHERE referrers_due_at IS NOT NULL;
-- an image is in its repository or in the bin: one of repository_id and deletion_id is null
CREATE TABLE images (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    repository_id BIGINT REFERENCES repositories (id) ON DELETE CASCADE,
    deletion_id BIGINT REFERENCES deletions (id),
    deleted_tags TEXT,                  -- JSON list, the tags it had when it went to the bin
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    artifact_type TEXT,
    is_index BIGINT NOT NULL,
    size BIGINT NOT NULL,               -- config and layers; of an index, the largest of its children
    subject TEXT,                       -- digest
    annotations TEXT,                   -- JSON object, kept for referrers only
    pushed_at BIGINT NOT NULL,
    pulled_at BIGINT,
    manifest BYTEA NOT NULL,            -- last, so that the columns before it are read without it
    UNIQUE (repository_id, digest)
);
CREATE INDEX images_in_order ON images (repository_id, id);
CREATE INDEX images_by_subject ON images (repository_id, subject, id) WHERE subject IS NOT NULL;
CREATE INDEX images_of_deletion ON images (deletion_id, id) WHERE deletion_id IS NOT NULL;
CREATE INDEX images_in_bin ON images (digest, deletion_id) WHERE deletion_id IS NOT NULL;
CREATE TABLE tags (
    repository_id BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    image_id BIGINT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    tagged_at BIGINT NOT NULL,
    PRIMARY KEY (repository_id, name)
); -- clustered
CREATE INDEX tags_of_image ON tags (image_id, name);
-- what a manifest refers to, by digest: a sparse manifest may refer to what is not there yet
CREATE TABLE image_references (
    image_id BIGINT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    repository_id BIGINT,               -- as that of the image, so that one index answers who refers to what
    is_blob BIGINT NOT NULL,            -- else an image, listed in an index
    media_type TEXT NOT NULL,
    PRIMARY KEY (image_id, digest, is_blob)
); -- clustered
CREATE INDEX references_to ON image_references (digest, repository_id, is_blob);
CREATE TABLE blobs (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    size BIGINT NOT NULL,
    storage_id TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    rotten_at BIGINT                    -- when its bytes were found to be others than were pushed
);
CREATE INDEX blobs_rotten ON blobs (rotten_at) WHERE rotten_at IS NOT NULL;
-- a repository has a blob while an image of it refers to the blob, or until the lease ends
CREATE TABLE repository_blobs (
    repository_id BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    blob_id BIGINT NOT NULL REFERENCES blobs (id),
    leased_until BIGINT NOT NULL,       -- 0: looked at since, and an image refers to it
    PRIMARY KEY (repository_id, blob_id)
); -- clustered
CREATE INDEX repositories_of_blob ON repository_blobs (blob_id);
CREATE INDEX repository_blobs_by_lease ON repository_blobs (leased_until) WHERE leased_until > 0;
CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    repository_id BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    principal TEXT NOT NULL,
    storage_id TEXT NOT NULL,
    size BIGINT NOT NULL,               -- bytes received, durable and acknowledged
    hash_state BYTEA,                   -- of those bytes; null where it has to be read again
    part_count BIGINT NOT NULL,
    last_part_size BIGINT NOT NULL,
    has_short_part BIGINT NOT NULL,
    touched_at BIGINT NOT NULL
); -- clustered
CREATE INDEX uploads_by_age ON uploads (touched_at);
CREATE INDEX uploads_of_repository ON uploads (repository_id);
-- bytes that nothing refers to any more: noted with the change that made them so, unlinked after its commit
CREATE TABLE unlinks (
    storage_id TEXT PRIMARY KEY,
    noted_at BIGINT NOT NULL
); -- clustered
CREATE INDEX unlinks_by_age ON unlinks (noted_at);
-- what happened to images; the events of a tag are its history
CREATE TABLE events (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    repository TEXT NOT NULL,
    at BIGINT NOT NULL,
    action TEXT NOT NULL,               -- PUSH, DELETE, RESTORE, EXPIRE
    digest TEXT NOT NULL,
    tag TEXT,
    principal TEXT NOT NULL,            -- ARN of who asked
    operation TEXT NOT NULL,            -- by which way
    deletion_id BIGINT
);
CREATE INDEX events_by_age ON events (at);
CREATE INDEX events_of_registry ON events (account, region, id);
CREATE INDEX events_of_repository ON events (account, region, repository, id);
CREATE INDEX events_of_tag ON events (account, region, repository, tag, id) WHERE tag IS NOT NULL;
CREATE TABLE webhooks (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    secret BYTEA,                       -- encrypted, bound to the webhook
    repositories TEXT NOT NULL,         -- pattern
    created_at BIGINT NOT NULL,
    delivered_up_to BIGINT NOT NULL,    -- the last event that was delivered, or was not for it
    attempts BIGINT NOT NULL,           -- failed ones since then
    failure TEXT,                       -- what the last of them failed with
    due_at BIGINT NOT NULL,             -- not to be tried before; while it is tried, the end of its worker's lease
    PRIMARY KEY (account, region, name)
); -- clustered
CREATE INDEX webhooks_by_time ON webhooks (due_at);
-- what must not be deleted: a digest, or tags, of one repository or of those that a pattern names
CREATE TABLE holds (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    repository TEXT NOT NULL,           -- name or pattern
    image TEXT NOT NULL,                -- digest, tag or pattern of tags
    is_pattern BIGINT NOT NULL,         -- one of the two is a pattern
    reason TEXT NOT NULL,
    feed TEXT,                          -- the feed that it came with
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,           -- ARN
    expires_at BIGINT                   -- null: until it is taken away
);
CREATE INDEX holds_of_repository ON holds (account, region, is_pattern, repository, image);
CREATE INDEX holds_of_feed ON holds (account, region, feed);
CREATE INDEX holds_by_term ON holds (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE feeds (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    reported_at BIGINT NOT NULL,
    late_at BIGINT NOT NULL,            -- from then on it is late; its holds stay
    PRIMARY KEY (account, region, name)
); -- clustered
CREATE TABLE plans (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,           -- ARN
    description TEXT,
    filters TEXT NOT NULL,              -- JSON object, as it was asked for
    status TEXT NOT NULL,               -- CREATING, READY, EXECUTING, EXECUTED, UNDOING, UNDONE, DELETING
    image_count BIGINT NOT NULL,        -- that go
    freed_bytes BIGINT NOT NULL,        -- by deleting them, once the bin has let go of them
    executed_by TEXT,                   -- ARN
    executed_at BIGINT,
    reason TEXT,                        -- why it was executed, if somebody said so
    undone_by TEXT,                     -- ARN
    position BIGINT NOT NULL,           -- number of the image up to which it is executed, or undone backwards
    deleted_count BIGINT NOT NULL,      -- images with that outcome
    skipped_count BIGINT NOT NULL
);
CREATE INDEX plans_of_registry ON plans (account, region, id);
CREATE TABLE plan_images (
    plan_id BIGINT NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,             -- their order: by repository, indexes before their children
    bundle BIGINT NOT NULL,             -- number of the first of those that go together or not at all
    repository TEXT NOT NULL,
    image_id BIGINT NOT NULL,
    digest TEXT NOT NULL,
    tags TEXT NOT NULL,                 -- JSON list, as they were
    size BIGINT NOT NULL,
    goes BIGINT NOT NULL,
    reason TEXT NOT NULL,
    outcome TEXT,                       -- DELETED, SKIPPED, RESTORED; null: not yet
    outcome_reason TEXT,
    PRIMARY KEY (plan_id, number)
); -- clustered
CREATE TABLE jobs (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    lease TEXT,                         -- token of the worker that has it, until run_at
    PRIMARY KEY (kind, key)
); -- clustered
CREATE INDEX jobs_by_time ON jobs (run_at);
"""

ACCESS: Final = """
-- one row: how often anything was changed that decides who may do what
CREATE TABLE rights_version (
    version BIGINT NOT NULL
);
INSERT INTO rights_version (version) VALUES (0);
-- users and roles; the root of an account has no row
CREATE TABLE principals (
    id TEXT PRIMARY KEY,                -- never used again, so a right outlives nobody who had it
    account TEXT NOT NULL,
    kind TEXT NOT NULL,                 -- user, role
    name TEXT NOT NULL,
    trust TEXT,                         -- of a role: the policy that says who may have a session of it
    session_term BIGINT,                -- of a role: the longest session, in milliseconds
    tags TEXT NOT NULL,                 -- JSON object
    is_declared BIGINT NOT NULL,        -- by the access file, which alone may change it
    created_at BIGINT NOT NULL,
    UNIQUE (account, kind, name)
); -- clustered
-- identity policies of an account; those that are built in have no row
CREATE TABLE policies (
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    is_declared BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (account, name)
); -- clustered
CREATE TABLE attachments (
    principal_id TEXT NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    policy TEXT NOT NULL,               -- name of a policy of the account, or of one that is built in
    PRIMARY KEY (principal_id, policy)
); -- clustered
ALTER TABLE access_keys ADD COLUMN user_id TEXT REFERENCES principals (id) ON DELETE CASCADE;  -- null: the root's
ALTER TABLE access_keys ADD COLUMN disabled_at BIGINT;
ALTER TABLE access_keys ADD COLUMN used_at BIGINT;
ALTER TABLE access_keys ADD COLUMN is_declared BIGINT NOT NULL DEFAULT 0;
CREATE INDEX keys_of_user ON access_keys (user_id, created_at, id) WHERE user_id IS NOT NULL;
-- what the access file declares is found without reading what it does not
CREATE INDEX principals_by_declaration ON principals (is_declared);
CREATE INDEX policies_by_declaration ON policies (is_declared);
CREATE INDEX keys_by_declaration ON access_keys (is_declared);
-- logins of container clients that are no AWS clients
CREATE TABLE robots (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    actions TEXT NOT NULL,              -- JSON list
    repositories TEXT NOT NULL,         -- JSON list of patterns
    token_hash BYTEA NOT NULL UNIQUE,   -- SHA-256 of what nobody can guess
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,           -- ARN
    expires_at BIGINT,                  -- null: when it is deleted
    used_at BIGINT,
    UNIQUE (account, region, name)
); -- clustered
-- whose tokens are believed by AssumeRoleWithWebIdentity
CREATE TABLE identity_providers (
    account TEXT NOT NULL,
    issuer TEXT NOT NULL,               -- URL
    audiences TEXT NOT NULL,            -- JSON list
    keys TEXT,                          -- JSON Web Key Set; null: asked of the issuer
    is_declared BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account, issuer)
); -- clustered
-- one row: the access file as it was last dealt with, and what was wrong with it
CREATE TABLE access_file (
    digest TEXT NOT NULL,               -- of all that it says, keyed
    problem TEXT
);
INSERT INTO access_file (digest) VALUES ('');
CREATE TABLE registry_policies (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, region)
); -- clustered
ALTER TABLE repositories ADD COLUMN policy TEXT;
CREATE INDEX repositories_with_policy ON repositories (account, region) WHERE policy IS NOT NULL;
"""

LIFECYCLE: Final = """
CREATE TABLE lifecycle_policies (
    repository_id BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    text TEXT NOT NULL,                 -- JSON, as it is shown
    put_by TEXT NOT NULL,               -- ARN
    evaluated_at BIGINT NOT NULL,       -- 0: not yet
    PRIMARY KEY (repository_id)
); -- clustered
-- what a policy would do, be it that of the repository or one to try out; the last one that was asked for
CREATE TABLE lifecycle_previews (
    repository_id BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    text TEXT NOT NULL,                 -- JSON, as it was given
    status TEXT NOT NULL,               -- IN_PROGRESS, COMPLETE, EXPIRED
    attempt BIGINT NOT NULL,            -- counts those who began to make it; the last one has it
    image_count BIGINT NOT NULL,
    expires_at BIGINT,                  -- when its images are dropped; null: they are not there
    PRIMARY KEY (repository_id)
); -- clustered
CREATE INDEX lifecycle_previews_by_term ON lifecycle_previews (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE lifecycle_preview_images (
    repository_id BIGINT NOT NULL REFERENCES lifecycle_previews (repository_id) ON DELETE CASCADE,
    number BIGINT NOT NULL,             -- their order: the oldest first
    digest TEXT NOT NULL,
    tags TEXT NOT NULL,                 -- JSON list
    pushed_at BIGINT NOT NULL,
    priority BIGINT NOT NULL,           -- of the rule by which it goes
    PRIMARY KEY (repository_id, number)
); -- clustered
CREATE INDEX lifecycle_preview_images_by_digest ON lifecycle_preview_images (repository_id, digest);
-- a repository in the bin has its policy with it
UPDATE deletions SET settings = '[' || settings || ']' WHERE settings IS NOT NULL;
"""

EVENT_ORDER: Final = """
ALTER TABLE schema_version ADD COLUMN oldest BIGINT NOT NULL DEFAULT 0;
-- events are read on from an id, so ids have to follow the order of commits: SQLite has one writer at a time,
-- and PostgreSQL lets those that write events commit one after the other
-- postgresql: CREATE FUNCTION wait_for_other_events() RETURNS trigger LANGUAGE plpgsql AS
-- postgresql: 'BEGIN PERFORM pg_advisory_xact_lock(712873921461); RETURN NULL; END';
-- postgresql: CREATE TRIGGER events_in_order BEFORE INSERT ON events
-- postgresql: FOR EACH STATEMENT EXECUTE FUNCTION wait_for_other_events();
"""

# of what an object store has put bytes together, see state/blobs/segments.py; null: they are one file
SEGMENTS: Final = """
ALTER TABLE uploads ADD COLUMN segments TEXT;
ALTER TABLE blobs ADD COLUMN segments TEXT;
"""

NODES: Final = """
-- where nodes share the database: the data key, as each master key that opens it wraps it
CREATE TABLE data_key (
    number BIGINT NOT NULL,             -- 0: the newest master key
    wrap BYTEA NOT NULL,
    PRIMARY KEY (number)
); -- clustered
-- the trail, as the nodes hand it over: whole lines of the file that one of them has for an hour
CREATE TABLE trail_pieces (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    file TEXT NOT NULL,                 -- its name, which tells the hour
    lines TEXT NOT NULL
);
CREATE INDEX trail_pieces_in_order ON trail_pieces (file, id);
CREATE TABLE trail_positions (
    file TEXT NOT NULL,
    node TEXT NOT NULL,
    position BIGINT NOT NULL,           -- bytes of the node's file that were handed over
    PRIMARY KEY (file, node)
); -- clustered
-- the access file as each node dealt with it last; nodes that share no database have the name ''
CREATE TABLE access_files (
    node TEXT PRIMARY KEY,
    digest TEXT NOT NULL,               -- of all that it says, keyed
    problem TEXT
); -- clustered
INSERT INTO access_files (node, digest, problem) SELECT '', digest, problem FROM access_file;
DROP TABLE access_file;
"""

COPIES: Final = """
-- at most one row: this is a copy of another installation, and no server has been started on it
CREATE TABLE copies (
    origin TEXT PRIMARY KEY,            -- which one, made of its data key
    is_finished BIGINT NOT NULL         -- 0: nothing is here yet that a server could serve
); -- clustered
-- the bytes that are here for it
CREATE TABLE copied_bytes (
    storage_id TEXT PRIMARY KEY,
    segments TEXT,
    is_whole BIGINT NOT NULL            -- 0: they were begun
); -- clustered
"""


class Migration(NamedTuple):
    """A step, and how many of all steps a program has to know that works on the tables after it.

    Servers of the version before go on while a new one is brought in: a step that only adds says the same as the one
    before it, and what is no more used is dropped by a later version.
    """

    ddl: str
    oldest: int


MIGRATIONS: Final = (
    Migration(FIRST, 1),
    Migration(ACCESS, 2),
    Migration(LIFECYCLE, 3),
    Migration(EVENT_ORDER, 4),
    Migration(SEGMENTS, 5),
    Migration(NODES, 6),
    Migration(COPIES, 7),
)
