const express = require('express');
const session = require('express-session');
const passport = require('passport');
const Jwt = require('passport-jwt');
const OAuth2 = require('passport-oauth2');
const OpenIdConnect = require('passport-openidconnect');
const shop = require('./shop.cjs');

shop.listen({ express, session, passport, OpenIdConnect, OAuth2, Jwt });
