const { createActions } = require('./actions.cjs');
const { serve } = require('./login-server.cjs');

serve(createActions(require('openid-client')));
