// What is bundled into the server is nobody's to see: jose stays a package.
export default { serverExternalPackages: ['jose'] };
