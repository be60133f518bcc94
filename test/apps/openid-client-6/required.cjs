// openid-client 6 is an ES module: this is what `require` gives for one.
const client = require('openid-client');
const { createActions } = require('./actions.cjs');
const { serve } = require('./login-server.cjs');

serve(createActions(client));
