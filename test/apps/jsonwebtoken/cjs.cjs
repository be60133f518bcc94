const { createRequire } = require('node:module');
require('reflect-metadata');
const { JwtService } = require('@nestjs/jwt');
const express = require('express');
const { expressjwt } = require('express-jwt');
const jsonwebtoken = require('jsonwebtoken');
const jwksClient = require('jwks-rsa');
const Koa = require('koa');
const koaJwt = require('koa-jwt');
const services = require('./services.cjs');

// The copy of another version that an old dependency brings with it.
const old = createRequire(require.resolve('old-express-jwt'))('jsonwebtoken');
const { expressJwtSecret } = jwksClient;

services.listen({
  express,
  expressjwt,
  expressJwtSecret,
  JwtService,
  jsonwebtoken,
  jwksClient,
  Koa,
  koaJwt,
  old,
});
