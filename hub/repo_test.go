package hub_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/hub"
)

func TestNamesOfRepositories(t *testing.T) {
	for s, want := range map[string]hub.Repo{
		"org/name":                 {ID: "org/name"},
		"gpt2":                     {ID: "gpt2"},
		"org/name@main":            {ID: "org/name", Revision: "main"},
		"org/name@refs/pr/1":       {ID: "org/name", Revision: "refs/pr/1"},
		"org/na.me_1-x@v1.0":       {ID: "org/na.me_1-x", Revision: "v1.0"},
		"datasets/org/name@v1":     {Type: hub.Dataset, ID: "org/name", Revision: "v1"},
		"datasets/squad":           {Type: hub.Dataset, ID: "squad"},
		"spaces/org/name":          {Type: hub.Space, ID: "org/name"},
		"models/datasets/x":        {ID: "datasets/x"},
		"models/org/name":          {ID: "org/name"},
		"hf://org/name@v1":         {ID: "org/name", Revision: "v1"},
		"hf://datasets/org/name":   {Type: hub.Dataset, ID: "org/name"},
		"org/name@feature/é":       {ID: "org/name", Revision: "feature/é"},
		strings.Repeat("a", 96):    {ID: strings.Repeat("a", 96)},
		"_org_/_name_@a-b.c_d/e@f": {ID: "_org_/_name_", Revision: "a-b.c_d/e@f"},
	} {
		got, err := hub.ParseRepo(s)
		if err != nil || got != want {
			t.Errorf("%q is %+v, %v; want %+v", s, got, err, want)
			continue
		}
		if again, err := hub.ParseRepo(got.String()); err != nil || again != want {
			t.Errorf("%q becomes %q, which is %+v, %v", s, got, again, err)
		}
	}
}

func TestWhatNamesNoRepository(t *testing.T) {
	for _, s := range []string{
		"", "@main", "org/", "/name", "org/name/more", "org//name", "org/name@", "-org/name", "org/name-", "org/.name", "org/name.",
		"org/na me", "org/na--me", "org/na..me", "org/name.git", "../name", "org/näme", "org/name:path", `org\name`, "org/name\x00",
		"org/name@..", "org/name@a/../b", "org/name@/etc", "org/name@a//b", "org/name@a\nb", `org/name@..\b`, "org/name@C:x",
		strings.Repeat("a", 97), "org/name@" + strings.Repeat("a", 5000), "https://huggingface.co/org/name", "hf://", "datasets/",
	} {
		if got, err := hub.ParseRepo(s); !errors.Is(err, hub.ErrUnsafeName) || len(err.Error()) > 600 {
			t.Errorf("%q is %+v, %v", s, got, err)
		}
	}
}

func TestARepositoryIsCheckedBeforeAnythingElse(t *testing.T) {
	clearEnvironment(t)
	c := &hub.Client{CacheDir: t.TempDir(), Endpoint: "http://127.0.0.1:1"}
	for _, repo := range []hub.Repo{{}, {ID: "../x"}, {ID: "a/b", Revision: "../../x"}, {ID: "a/b", Type: 7}, {ID: "a/b", Type: -1}} {
		_, info := c.Info(t.Context(), repo)
		_, refs := c.Refs(t.Context(), hub.Repo{ID: repo.ID + "..", Type: repo.Type})
		_, snapshot := c.Snapshot(t.Context(), repo, nil)
		_, file := c.Download(t.Context(), repo, "a", nil)
		for _, err := range []error{info, refs, lastError(c.Files(t.Context(), repo)), snapshot, file} {
			if !errors.Is(err, hub.ErrUnsafeName) {
				t.Errorf("%+v: %v", repo, err)
			}
		}
		if repo.String() == "?" || repo.Type.String() == "" {
			t.Error("no text")
		}
	}
}

func FuzzParseRepo(f *testing.F) {
	for _, s := range []string{"org/name@refs/pr/1", "datasets/x", "hf://spaces/a/b@c", "@", "a@b@c", "models/models/x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := hub.ParseRepo(s)
		if err != nil {
			if !errors.Is(err, hub.ErrUnsafeName) || len(err.Error()) > 2000 {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		again, err := hub.ParseRepo(r.String())
		if err != nil || again != r {
			t.Fatalf("%q is %+v, and then %+v, %v", s, r, again, err)
		}
	})
}
