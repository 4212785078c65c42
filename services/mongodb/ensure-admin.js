/* global db, print */
// Run by mongosh against a server that listens on loopback alone and asks for no login. Creates the administrator,
// or gives it the password of the secret. The password comes from the file: never from an argument.
const fs = require('fs');

const password = fs.readFileSync(process.env.METALS_PASSWORD_FILE, 'utf8').replace(/\r?\n$/, '');
const admin = db.getSiblingDB('admin');
const roles = [{ role: 'root', db: 'admin' }];
if (admin.getUser('admin') === null) {
  admin.createUser({ user: 'admin', pwd: password, roles });
  print('entrypoint: the administrator is created');
} else {
  admin.updateUser('admin', { pwd: password, roles });
  print('entrypoint: the password of the administrator is updated');
}
