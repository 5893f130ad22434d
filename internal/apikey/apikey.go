// Package apikey compares the API keys that requests have with those of a server.
package apikey

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"
)

// Ring has the keys of a server, as hashes, which have one length. It is safe for concurrent
// use.
type Ring [][sha256.Size]byte

// NewRing returns a ring with keys.
func NewRing(keys []string) Ring {
	ring := make(Ring, len(keys))
	for k, key := range keys {
		ring[k] = sha256.Sum256([]byte(key))
	}
	return ring
}

// Has reports whether a key is one of the ring. It takes the same time whichever keys there
// are and however many of their characters are right.
func (r Ring) Has(key string) bool {
	hash := sha256.Sum256([]byte(key))
	right := 0
	for k := range r {
		right |= subtle.ConstantTimeCompare(hash[:], r[k][:])
	}
	return right == 1
}

// Given returns the key of a request with these values of its headers Authorization and
// X-Api-Key, "" for none. A bearer token in Authorization goes first.
func Given(authorization, xAPIKey string) string {
	if scheme, rest, ok := strings.Cut(authorization, " "); ok && strings.EqualFold(scheme, "bearer") {
		return strings.TrimSpace(rest)
	}
	return xAPIKey
}
