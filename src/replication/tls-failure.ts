/** Why a server is not trusted, and what to change. */
export interface TlsRefusal {
  readonly message: string
  readonly hint: string
}

/** Codes of Node's TLS, and the words of OpenSSL: mysql2 replaces the code by its own. */
const AUTHORITY =
  /SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY_LEAF|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE|INVALID_CA|self[- ]signed certificate|unable to get (local )?issuer certificate|unable to verify the first certificate|certificate signature failure/
const EXPIRED = /CERT_HAS_EXPIRED|certificate has expired/
const NOT_YET = /CERT_NOT_YET_VALID|certificate is not yet valid/
const NAME = /ERR_TLS_CERT_ALTNAME|does not match certificate's altnames/
const NO_TLS = /HANDSHAKE_NO_SSL_SUPPORT|does not support (SSL|secure) connection/
const REQUIRED = /ER_SECURE_TRANSPORT_REQUIRED|insecure transport|no encryption/

/** Undefined for any other failure. */
export function tlsRefusal(code: string, message: string): TlsRefusal | undefined {
  const all = `${code} ${message}`
  if (AUTHORITY.test(all)) {
    return {
      message: `the server's certificate is not signed by a trusted CA (${message})`,
      hint: 'pass the file of the right CA: ssl.ca of the driver, or --ssl-ca of svec sync',
    }
  }
  if (EXPIRED.test(all)) {
    return {
      message: "the server's certificate has expired",
      hint: "renew it on the server, or correct this machine's clock",
    }
  }
  if (NOT_YET.test(all)) {
    return {
      message: "the server's certificate is not valid yet",
      hint: "correct this machine's clock, or the server's",
    }
  }
  if (NAME.test(all)) {
    return {
      message: `the server's certificate is not for this host (${message})`,
      hint: 'connect by a name in the certificate, or check only its CA with --ssl-mode verify-ca',
    }
  }
  if (NO_TLS.test(all)) {
    return {
      message: 'the server offers no TLS',
      hint: 'enable it there (ssl_cert and ssl_key, or ssl = on), or use --ssl-mode off on a network that you trust',
    }
  }
  if (REQUIRED.test(all)) {
    return {
      message: `the server rejects connections without TLS (${message})`,
      hint: 'pass ssl options to the driver, or --ssl-mode verify-full with --ssl-ca to svec sync',
    }
  }
  return undefined
}
