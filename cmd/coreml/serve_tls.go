package main

import (
	"crypto/tls"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
)

// certificate is that of two files, read again when one of them has changed: those who renew
// certificates write new files and need not end the server.
type certificate struct {
	certFile, keyFile string

	log  *slog.Logger // nil for none
	mu   sync.Mutex
	pair *tls.Certificate
	read fileTimes // the files that the pair is from
	told string    // what the log was told of files that cannot be used
}

// fileTimes tell whether files have changed.
type fileTimes [2]fs.FileInfo

// same reports whether no file has changed.
func (a fileTimes) same(b fileTimes) bool {
	for k := range a {
		if !os.SameFile(a[k], b[k]) || a[k].Size() != b[k].Size() || !a[k].ModTime().Equal(b[k].ModTime()) {
			return false
		}
	}
	return true
}

// certificate reads the certificate of the flags, nil for none.
func (c *serveCmd) certificate() (*certificate, error) {
	switch {
	case c.TLSCert == "" && c.TLSKey == "":
		return nil, nil
	case c.TLSCert == "" || c.TLSKey == "":
		return nil, usagef("--tls-cert and --tls-key need each other")
	}
	files := &certificate{certFile: c.TLSCert, keyFile: c.TLSKey}
	times, err := files.times()
	if err == nil {
		files.pair, err = files.load()
	}
	if err != nil {
		return nil, err
	}
	files.read = times
	return files, nil
}

// times looks at the files.
func (c *certificate) times() (t fileTimes, err error) {
	if t[0], err = os.Stat(c.certFile); err != nil {
		return t, fmt.Errorf("--tls-cert: %w", err)
	}
	if t[1], err = os.Stat(c.keyFile); err != nil {
		return t, fmt.Errorf("--tls-key: %w", err)
	}
	return t, nil
}

// load reads the files.
func (c *certificate) load() (*tls.Certificate, error) {
	cert, err := readSmallFile(c.certFile)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert: %w", err)
	}
	key, err := readSmallFile(c.keyFile)
	if err != nil {
		return nil, fmt.Errorf("--tls-key: %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert %s, --tls-key %s: %w", quoted(c.certFile), quoted(c.keyFile), err)
	}
	return &pair, nil
}

// config is how connections are encrypted.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current(), nil },
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
	}
}

// current returns the certificate for a new connection. Files that cannot be used, such as a
// new certificate whose key is not there yet, leave the one before in force; they are looked
// at again with the next connection.
func (c *certificate) current() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	times, err := c.times()
	if err == nil && times.same(c.read) {
		return c.pair
	}
	var pair *tls.Certificate
	if err == nil {
		pair, err = c.load()
	}
	switch {
	case err == nil:
		c.pair, c.read, c.told = pair, times, ""
		if c.log != nil {
			c.log.Info("certificate read again", "expires", pair.Leaf.NotAfter)
		}
	case c.told != err.Error() && c.log != nil:
		c.told = err.Error()
		c.log.Error("certificate not read again: the one before stays in force", "error", c.told)
	}
	return c.pair
}
