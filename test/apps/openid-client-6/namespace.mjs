import * as client from 'openid-client';
import { createActions } from './actions.cjs';
import { serve } from './login-server.cjs';

serve(createActions(client));
