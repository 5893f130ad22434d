package cache

import (
	"crypto/sha1" //nolint:gosec // it is the name that git gives a file
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// Digest is what the bytes of a file must hash to. The zero value is nothing.
type Digest struct {
	SHA256  string // 64 hexadecimal digits
	GitSHA1 string // 40 hexadecimal digits: SHA-1 of "blob <size>\0" and the bytes
}

// DigestOf is the digest that an etag of a hub is: the SHA-256 of a large file, the
// name that git gives to a small one, or nothing that is known. In capitals it is the
// same hash.
func DigestOf(etag string) Digest {
	etag = strings.ToLower(etag)
	switch {
	case isHex(etag, 64):
		return Digest{SHA256: etag}
	case isHex(etag, 40):
		return Digest{GitSHA1: etag}
	}
	return Digest{}
}

// Algorithm names what is checked: "sha256", "git-sha1" or "".
func (d Digest) Algorithm() string {
	switch {
	case d.SHA256 != "":
		return "sha256"
	case d.GitSHA1 != "":
		return "git-sha1"
	}
	return ""
}

// Is reports whether two digests are the same.
func (d Digest) Is(other Digest) bool {
	return d.Algorithm() == other.Algorithm() && d.want() == other.want()
}

// want is the expected hash in lower case.
func (d Digest) want() string {
	if d.SHA256 != "" {
		return strings.ToLower(d.SHA256)
	}
	return strings.ToLower(d.GitSHA1)
}

// hasher starts the hash of a file of size bytes: nil where nothing is expected.
func (d Digest) hasher(size int64) hash.Hash {
	switch {
	case d.SHA256 != "":
		return sha256.New()
	case d.GitSHA1 != "":
		h := sha1.New() //nolint:gosec // see above
		fmt.Fprintf(h, "blob %d\x00", size)
		return h
	}
	return nil
}

// sum is the hash so far, in hexadecimal digits.
func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// HashError means that the bytes are not those that were asked for.
type HashError struct {
	Algorithm string // "sha256" or "git-sha1"
	Want, Got string // hexadecimal
}

// Error says what was expected and what came.
func (e *HashError) Error() string {
	return fmt.Sprintf("%s is %s, expected %s", e.Algorithm, e.Got, e.Want)
}

// SizeError means that there are more or fewer bytes than were announced.
type SizeError struct{ Want, Got int64 }

// Error says what was expected and what came.
func (e *SizeError) Error() string {
	if e.Got > e.Want {
		return fmt.Sprintf("more than the announced %d bytes", e.Want)
	}
	return fmt.Sprintf("%d bytes, expected %d", e.Got, e.Want)
}
