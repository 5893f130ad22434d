//go:build linux && (amd64 || arm64)

package rig_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
)

// A conversation forks on either engine, and what one of them saved goes on with the same
// tokens on the other.
func TestSessionsForkAndMoveBetweenTheEngines(t *testing.T) {
	plain, framework := story(t, coreml.EnginePortable, ""), story(t, coreml.EngineFramework, cacheFolder(t))
	send := func(s *generate.Session, text string) []int {
		t.Helper()
		r, err := generate.Collect(s.Send(t.Context(), text, greedy(6)))
		if err != nil {
			t.Fatal(err)
		}
		return r.Tokens
	}
	for _, from := range []*generate.Generator{plain, framework} {
		s, err := from.NewTextSession()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		send(s, prompts[0])
		fork, err := s.Fork(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer fork.Close()
		var file bytes.Buffer
		if err := s.Save(t.Context(), &file); err != nil {
			t.Fatal(err)
		}
		send(fork, " But")
		want := send(s, " Then")
		for _, to := range []*generate.Generator{plain, framework} {
			other, err := to.RestoreSession(t.Context(), bytes.NewReader(file.Bytes()), nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := send(other, " Then"); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			if err := other.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}
