-- What is due is looked for webhook by webhook, so that one with a long backlog costs the others nothing.
CREATE INDEX webhook_events_due ON webhook_events (webhook_id, next_try_at) WHERE state = 'waiting';
