// The TypeScript SDK that partners have, as it is published, against a running daemon.
//
//   node sdk.mjs URL LIVE_KEY TEST_KEY

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import process from 'node:process';

// Installed beside the build, where an import would not look.
const require = createRequire(`${process.env.NODE_PATH}/`);
const { default: Zavudev } = require('@zavudev/sdk');

const [baseURL, liveKey, testKey] = process.argv.slice(2);

/** A client of the SDK, and the statuses that it was answered with. */
function client(apiKey) {
  const statuses = [];
  const zavu = new Zavudev({
    apiKey,
    baseURL,
    fetch: async (...request) => {
      const answer = await fetch(...request);
      statuses.push(answer.status);
      return answer;
    },
  });
  return { zavu, statuses };
}

/** What a call is refused with, and how often it was tried. */
async function refused({ statuses }, call) {
  const before = statuses.length;
  const error = await call.then(() => assert.fail('it is refused'), (error) => error);
  return { error, tries: statuses.slice(before) };
}

const checks = {
  async 'tells whose key it is'() {
    const me = await client(liveKey).zavu.me.retrieve();
    assert.deepEqual([me.project.name, me.isTestMode], ['acme', false]);
    assert.equal((await client(testKey).zavu.me.retrieve()).isTestMode, true);
  },

  async 'creates, retrieves and cancels an invitation'() {
    const { zavu } = client(liveKey);
    const { invitation } = await zavu.invitations.create({
      clientName: 'Acme Corp',
      clientEmail: 'ops@acme.example',
      expiresInDays: 3,
    });
    assert.equal(invitation.status, 'pending');
    assert.ok(invitation.url.endsWith(invitation.token));
    const days = (new Date(invitation.expiresAt) - new Date(invitation.createdAt)) / 86_400_000;
    assert.equal(days, 3);
    const known = await zavu.invitations.retrieve(invitation.id);
    assert.deepEqual(known.invitation, invitation);
    const cancelled = await zavu.invitations.cancel(invitation.id);
    assert.equal(cancelled.invitation.status, 'cancelled');
  },

  async 'walks through the pages of a list'() {
    const { zavu, statuses } = client(testKey);
    const made = [];
    for (let index = 0; index < 7; index += 1) {
      made.unshift((await zavu.invitations.create()).invitation.id);
    }
    const before = statuses.length;
    const listed = [];
    for await (const invitation of zavu.invitations.list({ limit: 3, status: 'pending' })) {
      listed.push(invitation.id);
    }
    assert.deepEqual(listed, made);
    assert.equal(statuses.length - before, 3);
  },

  async 'sends a message from a sender'() {
    const { zavu } = client(testKey);
    const sender = await zavu.senders.create({ name: 'Acme', phoneNumber: '+15550100200' });
    assert.deepEqual((await zavu.senders.retrieve(sender.id)).channels, ['whatsapp']);
    const { message } = await zavu.messages.send({
      to: '+15551234567',
      text: 'Your order is on its way.',
      'Zavu-Sender': sender.id,
    });
    assert.deepEqual([message.status, message.senderId], ['queued', sender.id]);
    const known = await zavu.messages.retrieve(message.id);
    assert.equal(known.message.text, 'Your order is on its way.');
    const { secret } = await zavu.senders
      .update(sender.id, { webhookUrl: 'https://hooks.example.com/', webhookEvents: ['message.sent'] })
      .then((changed) => changed.webhook);
    assert.notEqual((await zavu.senders.regenerateWebhookSecret(sender.id)).secret, secret);
    await zavu.senders.delete(sender.id);
  },

  async 'lists the numbers of the project'() {
    const { zavu } = client(liveKey);
    const [number] = (await zavu.phoneNumbers.list()).items;
    assert.deepEqual([number.phoneNumber, number.status], ['+15550100123', 'active']);
    const named = await zavu.phoneNumbers.update(number.id, { name: 'Front desk' });
    assert.equal(named.phoneNumber.name, 'Front desk');
  },

  async 'meets 401 and 404 once, and a 400 that says what is wrong'() {
    const stranger = client('zv_live_0000000000000000000000000000000000000000');
    const unknown = await refused(stranger, stranger.zavu.me.retrieve());
    assert.ok(unknown.error instanceof Zavudev.AuthenticationError);
    assert.deepEqual([unknown.error.error.code, unknown.tries], ['unauthorized', [401]]);
    const own = client(liveKey);
    const missing = await refused(own, own.zavu.invitations.retrieve('inv_0'));
    assert.ok(missing.error instanceof Zavudev.NotFoundError);
    assert.deepEqual([missing.error.error.code, missing.tries], ['not_found', [404]]);
    const wrong = await refused(own, own.zavu.invitations.create({ expiresInDays: 31 }));
    assert.ok(wrong.error instanceof Zavudev.BadRequestError);
    assert.deepEqual(wrong.error.error.details.errors[0].path, ['expiresInDays']);
    const messenger = await refused(own, own.zavu.invitations.create({ connectionType: 'messenger' }));
    assert.deepEqual(messenger.error.error.details.errors[0].path, ['connectionType']);
  },

  async 'does not try a conflict again'() {
    const own = client(liveKey);
    const { invitation } = await own.zavu.invitations.create();
    await own.zavu.invitations.cancel(invitation.id);
    const { error, tries } = await refused(own, own.zavu.invitations.cancel(invitation.id));
    assert.ok(error instanceof Zavudev.ConflictError);
    assert.deepEqual(tries, [409]);
  },

  async 'waits when it has asked too often, and goes on'() {
    const own = client(liveKey);
    for (let asked = 0; !own.statuses.includes(429); asked += 1) {
      assert.ok(asked < 1_000, 'there is an end to it');
      // Each of these may be the one that is refused at first.
      assert.equal((await own.zavu.me.retrieve()).isTestMode, false);
    }
    assert.deepEqual(own.statuses.slice(-2), [429, 200]);
  },
};

for (const [name, check] of Object.entries(checks)) {
  await check();
  console.log(`ok: the SDK ${name}`);
}
