import assert from 'node:assert/strict';
import { test } from 'node:test';

import { clientArrival } from '../src/provenance/remote';

const user = { username: 'ada', name: 'Ada', color: 'red' };

test('a person’s front end has a user and, where text is written, a cursor', () => {
  assert.equal(clientArrival({ user, cursors: [{ primary: true }] }, true), 'remote');
  assert.equal(clientArrival({ user }, false), 'remote');
  assert.equal(clientArrival({ user, cursors: [] }, true), 'server');
});

test('a program on the server has no user, or says that it is an agent or a bot', () => {
  assert.equal(clientArrival(undefined, false), 'server');
  assert.equal(clientArrival({}, false), 'server');
  assert.equal(clientArrival({ user: { owner: 'ada', agent: 'Datalayer-NbModelClient/1.5' } }, false), 'server');
  assert.equal(clientArrival({ user: { ...user, bot: true }, cursors: [{ primary: true }] }, true), 'server');
  assert.equal(clientArrival({ user: 'ada' }, false), 'server');
});
