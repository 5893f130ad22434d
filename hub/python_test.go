package hub_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/hub"
	"github.com/gocoreml/coreml/hub/hubtest"
)

// python returns a Python that has huggingface_hub 2.4.0, or skips.
func python(t *testing.T) string {
	t.Helper()
	p := os.Getenv("COREML_HUB_PYTHON")
	if p == "" {
		t.Skip("COREML_HUB_PYTHON does not name a Python with huggingface_hub")
	}
	return p
}

// dump lists what lies below a folder: names, modes, targets of links, contents.
// Times in Python's notes are left out.
func dump(t *testing.T, dir string) string {
	t.Helper()
	stamp := regexp.MustCompile(`\d+\.\d+\n$`)
	var b strings.Builder
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		fmt.Fprintf(&b, "%s %s", filepath.ToSlash(rel), info.Mode())
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			to, err := os.Readlink(p)
			if err != nil {
				return err
			}
			b.WriteString(" -> " + filepath.ToSlash(to))
		case info.Mode().IsRegular():
			data, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			if filepath.Ext(p) == ".metadata" {
				data = stamp.ReplaceAll(data, nil)
			}
			fmt.Fprintf(&b, " %d %.12s", len(data), sha(data))
		}
		b.WriteByte('\n')
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWhatWeWriteIsWhatPythonWrites(t *testing.T) {
	p := python(t)
	many := hubtest.FS{}
	for i := range 25 {
		many[fmt.Sprintf("d%d/é %d.txt", i%3, i)] = hubtest.Text(strings.Repeat(fmt.Sprint(i%20), i*100))
	}
	for name, c := range map[string]struct {
		python string
		env    []string
		ours   func(c *hub.Client, local string) error
	}{
		"snapshot": {
			python: `snapshot_download("org/toy")`,
			ours: func(c *hub.Client, _ string) error {
				_, err := c.Snapshot(t.Context(), hub.Repo{ID: "org/toy"}, nil)
				return err
			},
		},
		"many files, a revision that is a commit": {
			python: `snapshot_download("org/many", repo_type="dataset", revision=HfApi().dataset_info("org/many").sha)`,
			ours: func(c *hub.Client, _ string) error {
				info, err := c.Info(t.Context(), hub.Repo{Type: hub.Dataset, ID: "org/many"})
				if err != nil {
					return err
				}
				_, err = c.Snapshot(t.Context(), hub.Repo{Type: hub.Dataset, ID: "org/many", Revision: info.Commit}, nil)
				return err
			},
		},
		"patterns": {
			python: `snapshot_download("org/toy", allow_patterns=["*.json", "X.mlpackage/"], ignore_patterns="model*")`,
			ours: func(c *hub.Client, _ string) error {
				_, err := c.Snapshot(t.Context(), hub.Repo{ID: "org/toy"}, &hub.SnapshotOptions{Allow: []string{"*.json", "X.mlpackage/"}, Ignore: []string{"model*"}})
				return err
			},
		},
		"one file, and one that is not there": {
			python: `hf_hub_download("org/toy", "sub/vocab.txt")
try:
    hf_hub_download("org/toy", "sub/none.txt")
except EntryNotFoundError:
    pass`,
			ours: func(c *hub.Client, _ string) error {
				if _, err := c.Download(t.Context(), hub.Repo{ID: "org/toy"}, "sub/none.txt", nil); err == nil {
					return fmt.Errorf("a file that is not there")
				}
				_, err := c.Download(t.Context(), hub.Repo{ID: "org/toy"}, "sub/vocab.txt", nil)
				return err
			},
		},
		"a local folder": {
			python: `snapshot_download("org/toy", local_dir=sys.argv[1])`,
			ours: func(c *hub.Client, local string) error {
				_, err := c.Snapshot(t.Context(), hub.Repo{ID: "org/toy"}, &hub.SnapshotOptions{LocalDir: local})
				return err
			},
		},
		"without links": {
			python: `snapshot_download("org/toy")`,
			env:    []string{"HF_HUB_DISABLE_SYMLINKS=1"},
			ours: func(c *hub.Client, _ string) error {
				_, err := c.Snapshot(t.Context(), hub.Repo{ID: "org/toy"}, nil)
				return err
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			clearEnvironment(t)
			server := hubtest.New(t, toy(), hubtest.Repo{ID: "org/many", Type: "dataset", PageSize: 7, Files: many})
			dir := t.TempDir()
			program := "import sys\nfrom huggingface_hub import *\nfrom huggingface_hub.errors import EntryNotFoundError\n" + c.python
			cmd := exec.CommandContext(t.Context(), p, "-c", program, filepath.Join(dir, "theirs", "local"))
			cmd.Env = append(os.Environ(), "HF_ENDPOINT="+server.URL(), "HF_HUB_CACHE="+filepath.Join(dir, "theirs", "cache"),
				"HF_HUB_DISABLE_XET=1", "HF_HUB_DISABLE_PROGRESS_BARS=1", "HF_HUB_DISABLE_TELEMETRY=1")
			cmd.Env = append(cmd.Env, c.env...)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("Python: %v\n%s", err, out)
			}
			for _, v := range c.env {
				name, value, _ := strings.Cut(v, "=")
				t.Setenv(name, value)
			}
			client := &hub.Client{Endpoint: server.URL(), CacheDir: filepath.Join(dir, "ours", "cache"), NoToken: true, Network: hub.NetworkOnline}
			if err := c.ours(client, filepath.Join(dir, "ours", "local")); err != nil {
				t.Fatal(err)
			}
			theirs := dump(t, filepath.Join(dir, "theirs"))
			if strings.Count(theirs, "\n") < 8 {
				t.Fatalf("Python wrote only\n%s", theirs)
			}
			if diff := cmp.Diff(strings.Split(theirs, "\n"), strings.Split(dump(t, filepath.Join(dir, "ours")), "\n")); diff != "" {
				t.Errorf("(-python +ours)\n%s", diff)
			}
		})
	}
}
