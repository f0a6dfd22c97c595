-- Records of other flags are of another kind, so that a listing by flag and anything else looks at nothing in vain.
ALTER TABLE kind ADD COLUMN flags TEXT; -- JSON: [flag, …], as in the record; NULL: none
DROP INDEX kind_name;
CREATE INDEX kind_name ON kind (merchant, event, variant, flags);

INSERT INTO kind (merchant, event, variant, flags)
    SELECT DISTINCT k.merchant, k.event, k.variant, r.flags
    FROM record r JOIN kind k ON k.id = r.kind WHERE r.flags IS NOT NULL;
UPDATE record SET kind = coalesce(
    (SELECT new.id FROM kind old JOIN kind new
        ON new.merchant = old.merchant AND new.event = old.event AND new.variant IS old.variant
        AND new.flags = record.flags
        WHERE old.id = record.kind),
    kind) WHERE flags IS NOT NULL;
DELETE FROM term WHERE what = 2;

-- What was opened with version 1 finds no counters any more and can write nothing that version 2 would misread.
ALTER TABLE counter RENAME TO last;
