package main

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"os"
	"path/filepath"
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

// Files that cannot be used leave the certificate in force, and are told of each time that it
// happens anew, however they came to be there.
func TestServeKeepsItsCertificateBesideBrokenFiles(t *testing.T) {
	cert, key, _ := selfSigned(t)
	read := func(name string) []byte {
		t.Helper()
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	good, goodKey := read(cert), read(key)
	c, err := (&serveCmd{TLSCert: cert, TLSKey: key}).certificate()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	c.log = slog.New(slog.NewTextHandler(&log, nil))
	first := c.current().Certificate[0]
	inForce := func(what string, told int) {
		t.Helper()
		for range 2 {
			if got := c.current(); got == nil || !bytes.Equal(got.Certificate[0], first) {
				t.Errorf("%s: another certificate is in force", what)
			}
		}
		if n := strings.Count(log.String(), "not read again"); n != told {
			t.Errorf("%s: told %d times, want %d: %s", what, n, told, &log)
		}
		log.Reset()
	}
	write := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, broken := range []struct {
		what      string
		cert, key []byte
	}{
		// Two that follow each other with the same words would be told of once.
		{"an empty file", nil, goodKey},
		{"half a key", good, goodKey[:len(goodKey)/2]},
		{"half a certificate", good[:len(good)/2], goodKey},
		{"more than a file may have", make([]byte, 2<<20), goodKey},
		{"no PEM", []byte("\x1b]0;x\a"), goodKey},
	} {
		write(cert, broken.cert)
		write(key, broken.key)
		inForce(broken.what, 1)
	}
	write(cert, good)
	write(key, goodKey)
	inForce("what was there", 0)
	for range 2 {
		if err := os.Rename(key, key+".away"); err != nil {
			t.Fatal(err)
		}
		inForce("a key that is gone", 1)
		if err := os.Rename(key+".away", key); err != nil {
			t.Fatal(err)
		}
		inForce("a key that is there again", 0)
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(key, 0o700); err != nil {
		t.Fatal(err)
	}
	inForce("a folder", 1)
}

// Orchestrators turn a link to a folder with both files.
func TestServeFollowsALinkThatIsTurned(t *testing.T) {
	dir := t.TempDir()
	at := filepath.Join(dir, "now")
	turn := func() []byte {
		t.Helper()
		cert, key, _ := selfSigned(t)
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Dir(cert)
		if filepath.Dir(key) != folder {
			t.Fatal("the files lie apart")
		}
		_ = os.Remove(at + ".new")
		if err := os.Symlink(folder, at+".new"); err != nil {
			t.Skip("there are no links: ", err)
		}
		_ = os.Remove(at) // which Windows does not replace
		if err := os.Rename(at+".new", at); err != nil {
			t.Fatal(err)
		}
		return pair.Certificate[0]
	}
	first := turn()
	cert, key, _ := selfSigned(t)
	c, err := (&serveCmd{TLSCert: filepath.Join(at, filepath.Base(cert)), TLSKey: filepath.Join(at, filepath.Base(key))}).certificate()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(c.current().Certificate[0], first) {
		t.Error("the first is not in force")
	}
	if second := turn(); !bytes.Equal(c.current().Certificate[0], second) {
		t.Error("what the link leads to now is not in force")
	}
}
