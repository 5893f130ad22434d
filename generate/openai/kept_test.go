package openai_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/openai"
)

// Whatever becomes of the folder of sessions, requests are answered as they would be without,
// and the log tells once what is wrong.
func TestAFolderOfSessionsThatIsSpoiled(t *testing.T) {
	const request = `{"model":"kept","max_tokens":4,"temperature":0,` + hello + `}`
	// Each spoils the file of a session.
	for name, spoil := range map[string]func(t *testing.T, file string) error{
		"damaged": func(_ *testing.T, file string) error { return os.WriteFile(file, []byte("nothing"), 0o600) },
		"cut short": func(_ *testing.T, file string) error {
			info, err := os.Stat(file)
			if err != nil {
				return err
			}
			return os.Truncate(file, info.Size()/2)
		},
		"a folder": func(_ *testing.T, file string) error {
			if err := os.Remove(file); err != nil {
				return err
			}
			return os.MkdirAll(filepath.Join(file, "more"), 0o700)
		},
		"nobody's to read": func(t *testing.T, file string) error {
			if err := os.Chmod(file, 0); err != nil {
				return err
			}
			if f, err := os.Open(file); err == nil {
				t.Cleanup(func() { f.Close() })
				t.Skip("here everything may be read")
			}
			return nil
		},
		"in a folder that is a file": func(_ *testing.T, file string) error {
			if err := os.RemoveAll(filepath.Dir(file)); err != nil {
				return err
			}
			return os.WriteFile(filepath.Dir(file), nil, 0o600)
		},
	} {
		// A session that is in memory is not read, but written.
		for _, live := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "sessions")
				if err := os.Mkdir(dir, 0o700); err != nil {
					t.Fatal(err)
				}
				g := story(t, generate.Config{})
				open := func() (*server, *generate.Sessions, *bytes.Buffer) {
					sessions, err := g.NewSessions(&generate.SessionsConfig{Dir: dir, SaveEachTurn: true})
					if err != nil {
						t.Fatal(err)
					}
					log := new(bytes.Buffer)
					cfg := openai.Config{Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelError}))}
					return serve(t, cfg, generate.Config{}, openai.Model{ID: "kept", Generator: g, Sessions: sessions}), sessions, log
				}
				s, sessions, log := open()
				var want chatReply
				s.post(chatPath, request, &want, "X-Session-Id", "a")
				if !live {
					if err := sessions.Close(t.Context()); err != nil {
						t.Fatal(err)
					}
					s, sessions, log = open()
				}
				defer func() { _ = sessions.Close(context.WithoutCancel(t.Context())) }() // it may have nowhere to write to
				files, err := os.ReadDir(dir)
				if err != nil || len(files) != 1 {
					t.Fatal(files, err)
				}
				if err := spoil(t, filepath.Join(dir, files[0].Name())); err != nil {
					t.Fatal(err)
				}
				for k := range 3 {
					var r chatReply
					s.post(chatPath, request, &r, "X-Session-Id", "a")
					if *r.Choices[0].Message.Content != *want.Choices[0].Message.Content {
						t.Errorf("answer %d is %+v, want %+v", k, r, want)
					}
				}
				if err := s.handler.Shutdown(t.Context()); err != nil { // nothing is logged any more
					t.Error(err)
				}
				if n := strings.Count(log.String(), "sessions are not kept"); n > 1 || n == 0 && !live {
					t.Errorf("live %v: the log is %s", live, log)
				}
			})
		}
	}
}
