// How CommonJS loads an ES module on a Node that cannot require one.
const { createActions } = require('./actions.cjs');
const { serve } = require('./login-server.cjs');

void import('openid-client').then((client) => serve(createActions(client)));
