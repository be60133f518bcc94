const cookie = require('@fastify/cookie');
const fastifyJwt = require('@fastify/jwt');
const hapi = require('@hapi/hapi');
const hapiJwt = require('@hapi/jwt');
const { createVerifier } = require('fast-jwt');
const fastify = require('fastify');
const servers = require('./servers.cjs');

servers.listen({ cookie, createVerifier, fastify, fastifyJwt, hapi, hapiJwt });
