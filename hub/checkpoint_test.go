package hub_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/hub"
	"github.com/gocoreml/coreml/hub/hubtest"
)

// repoOf is a repository with small files of these names.
func repoOf(id string, names ...string) hubtest.Repo {
	files := hubtest.FS{}
	for _, name := range names {
		files[name] = hubtest.Text(name)
	}
	return hubtest.Repo{ID: id, Files: files}
}

func TestOfACheckpointThatIsFetchedWhichCounts(t *testing.T) {
	const index, one, two = "model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
	for name, c := range map[string]struct {
		has, want   []string
		where, path string
	}{
		"shards": {
			has:  []string{"config.json", index, one, two, "consolidated-00001-of-00002.safetensors", "consolidated.safetensors", "tokenizer.json", "pytorch_model.bin", "x.gguf", "README.md"},
			want: []string{"config.json", one, two, index, "tokenizer.json"},
		},
		"shards of another name": {
			has:  []string{"config.json", index, "w-00001-of-00002.safetensors", "w-00002-of-00002.safetensors", "other.safetensors"},
			want: []string{"config.json", index, "w-00001-of-00002.safetensors", "w-00002-of-00002.safetensors"},
		},
		"files of no numbers":  {has: []string{"config.json", index, "a.safetensors", "b.safetensors"}, want: []string{"a.safetensors", "b.safetensors", "config.json", index}},
		"one file":             {has: []string{"config.json", "model.safetensors", "a.safetensors"}, want: []string{"config.json", "model.safetensors"}},
		"one of another name":  {has: []string{"config.json", "a.safetensors"}, want: []string{"a.safetensors", "config.json"}},
		"a folder":             {where: "sub", path: "sub", has: []string{"config.json", "model.safetensors", "sub/config.json", "sub/model.safetensors", "sub/1_Pooling/config.json"}, want: []string{"sub/1_Pooling/config.json", "sub/config.json", "sub/model.safetensors"}},
		"one GGUF file":        {path: "a.gguf", has: []string{"a.gguf", "mmproj-a.gguf", "tokenizer.json"}, want: []string{"a.gguf"}},
		"a GGUF file by name":  {where: "q/b.GGUF", path: "q/b.GGUF", has: []string{"config.json", "model.safetensors", "q/a.gguf", "q/b.GGUF"}, want: []string{"q/b.GGUF"}},
		"the parts of one":     {path: "a-00001-of-00002.gguf", has: []string{"a-00001-of-00002.gguf", "a-00002-of-00002.gguf"}, want: []string{"a-00001-of-00002.gguf", "a-00002-of-00002.gguf"}},
		"a part of one of two": {where: "a-00002-of-00002.gguf", path: "a-00001-of-00002.gguf", has: []string{"a-00001-of-00002.gguf", "a-00002-of-00002.gguf", "b-00001-of-00002.gguf", "b-00002-of-00002.gguf"}, want: []string{"a-00001-of-00002.gguf", "a-00002-of-00002.gguf"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, repoOf("org/model", c.has...))
			asked := "org/model"
			if c.where != "" {
				asked += ":" + c.where
			}
			got, err := r.client.ResolveCheckpoint(t.Context(), asked, nil)
			if err != nil {
				t.Fatal(err)
			}
			dir := strings.TrimSuffix(got.Path, filepath.FromSlash(c.path))
			if files := filesIn(t, dir); !slices.Equal(files, c.want) {
				t.Errorf("fetched %q, want %q", files, c.want)
			}
			if got.Commit != r.hub.Commit("", "org/model", "main") || got.Repo != (hub.Repo{ID: "org/model"}) {
				t.Errorf("got %+v", got)
			}
			r.asked()
			again, err := r.client.ResolveCheckpoint(t.Context(), asked, &hub.ResolveOptions{LocalOnly: true})
			if err != nil || *again != *got {
				t.Errorf("from the cache: %+v, %v", again, err)
			}
			if list := r.asked(); len(list) > 0 {
				t.Errorf("from the cache the hub was asked %q", list)
			}
		})
	}
}

func TestWhatIsNoCheckpointIsSaid(t *testing.T) {
	for _, c := range []struct {
		has   []string
		where string
		want  error
		says  string
	}{
		{[]string{"README.md"}, "", hub.ErrEntryNotFound, "no checkpoint"},
		{[]string{"config.json", "pytorch_model.bin"}, "", hub.ErrEntryNotFound, "pickled"},
		{[]string{"model.safetensors"}, "", hub.ErrEntryNotFound, "config.json"},
		{[]string{"a.gguf", "b.gguf"}, "", hub.ErrAmbiguous, "org/model:a.gguf"},
		{[]string{"a.gguf", "b.gguf"}, "c.gguf", hub.ErrEntryNotFound, "c.gguf"},
		{[]string{"config.json", "a.safetensors", "b.safetensors"}, "", hub.ErrAmbiguous, "model.safetensors.index.json"},
	} {
		r := newRig(t, repoOf("org/model", c.has...))
		asked := "org/model"
		if c.where != "" {
			asked += ":" + c.where
		}
		_, err := r.client.ResolveCheckpoint(t.Context(), asked, nil)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v, want %v with %s", c.has, err, c.want, c.says)
		}
		if n := len(r.hub.Bodies()); n > 0 {
			t.Errorf("%q: %d files were fetched", c.has, n)
		}
	}
}

// FuzzCheckpointOf wants of any listing no panic, and no file that it does not have.
func FuzzCheckpointOf(f *testing.F) {
	for _, seed := range []string{"config.json\nmodel.safetensors", "config.json\nmodel.safetensors.index.json\nmodel-00001-of-00001.safetensors", "a-00001-of-00002.gguf\nA-00002-of-00002.GGUF\nb.gguf", "x/../a.gguf\n/\n\n.."} {
		f.Add(seed, "")
		f.Add(seed, "a-00001-of-00002.gguf")
	}
	f.Fuzz(func(t *testing.T, listing, where string) {
		names := strings.Split(listing, "\n")
		_, where, err := hub.ParseName("org/name:" + where)
		if err != nil {
			return
		}
		files, at, err := hub.CheckpointOf(names, where)
		if err != nil {
			return
		}
		if len(files) == 0 || !filepath.IsLocal(at) {
			t.Fatalf("%q at %q", files, at)
		}
		for _, name := range files {
			if !slices.Contains(names, name) {
				t.Errorf("%q is not in the listing", name)
			}
		}
	})
}

// A hub may list as many names as it likes: the time must not go up with their square.
func TestAListingOfManyPartsIsReadAtOnce(t *testing.T) {
	names := make([]string, hub.MaxFiles)
	for i := range names {
		names[i] = fmt.Sprintf("%06d-00001-of-00002.gguf", i)
	}
	if _, _, err := hub.CheckpointOf(names, ""); !errors.Is(err, hub.ErrAmbiguous) {
		t.Error(err)
	}
}
