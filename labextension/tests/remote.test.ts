import assert from 'node:assert/strict';
import { test } from 'node:test';

import { clientArrival } from '../src/provenance/remote';

const user = { username: 'ada', name: 'Ada', color: 'red' };

test('a person’s front end has a user and, where text is written, a cursor', () => {
  assert.equal(clientArrival({ user, cursors: [{ primary: true }] }, 40), 'remote');
  assert.equal(clientArrival({ user }, 1), 'remote');
  assert.equal(clientArrival({ user, cursors: [] }, 40), 'server');
});

test('a program on the server has no user, or says that it is an agent or a bot', () => {
  assert.equal(clientArrival(undefined, 0), 'server');
  assert.equal(clientArrival({}, 0), 'server');
  assert.equal(clientArrival({ user: { owner: 'ada', agent: 'Datalayer-NbModelClient/1.5' } }, 0), 'server');
  assert.equal(clientArrival({ user: { ...user, bot: true }, cursors: [{ primary: true }] }, 40), 'server');
  assert.equal(clientArrival({ user: 'ada' }, 0), 'server');
});
