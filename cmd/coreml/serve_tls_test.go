package main

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"os"
	"strings"
	"testing"
)

// A certificate that was renewed is the server's from the next connection on, once all of it
// is there.
func TestServeReadsANewCertificate(t *testing.T) {
	cert, key, _ := selfSigned(t)
	c, err := (&serveCmd{TLSCert: cert, TLSKey: key}).certificate()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	c.log = slog.New(slog.NewTextHandler(&log, nil))
	current := func() []byte {
		t.Helper()
		pair, err := c.config().GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return pair.Certificate[0]
	}
	first := current()
	if !bytes.Equal(first, current()) || log.Len() > 0 {
		t.Errorf("files that are as they were: %s", &log)
	}
	newCert, newKey, _ := selfSigned(t)
	pair, err := tls.LoadX509KeyPair(newCert, newKey)
	if err != nil {
		t.Fatal(err)
	}
	move := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	move(newCert, cert) // whose key is not there yet
	for range 3 {
		if !bytes.Equal(current(), first) {
			t.Fatal("half of a new certificate is in force")
		}
	}
	if n := strings.Count(log.String(), "not read again"); n != 1 {
		t.Errorf("it is told %d times: %s", n, &log)
	}
	move(newKey, key)
	if !bytes.Equal(current(), pair.Certificate[0]) || !strings.Contains(log.String(), "certificate read again") {
		t.Errorf("the new one is not in force: %s", &log)
	}
	move(key, newKey)
	if !bytes.Equal(current(), pair.Certificate[0]) || !strings.Contains(log.String(), "--tls-key") {
		t.Errorf("a file that is gone ends the server: %s", &log)
	}
}
