package hub_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/hub"
)

func TestTheEnvironmentIsPythons(t *testing.T) {
	home, err := os.UserHomeDir()
	if err != nil {
		t.Skip(err)
	}
	tokens := t.TempDir()
	if err := os.WriteFile(filepath.Join(tokens, "token"), []byte(" hf_file\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	abs := func(s string) string {
		p, err := filepath.Abs(s)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	usual := hub.Settings{Endpoint: "https://huggingface.co", Dir: filepath.Join(home, ".cache", "huggingface", "hub"), Head: 10 * time.Second, Body: 10 * time.Second}
	with := func(change func(*hub.Settings)) hub.Settings {
		s := usual
		change(&s)
		return s
	}
	for name, c := range map[string]struct {
		env  map[string]string
		want hub.Settings
	}{
		"nothing":               {nil, usual},
		"a home":                {map[string]string{"HF_HOME": "/x/hf"}, with(func(s *hub.Settings) { s.Dir = abs("/x/hf/hub") })},
		"a home below ~":        {map[string]string{"HF_HOME": "~/hf"}, with(func(s *hub.Settings) { s.Dir = filepath.Join(home, "hf", "hub") })},
		"a home with variables": {map[string]string{"HF_HOME": "/x/$A/${B}/$NOT_SET", "A": "a", "B": "b"}, with(func(s *hub.Settings) { s.Dir = abs("/x/a/b/$NOT_SET/hub") })},
		"caches in general":     {map[string]string{"XDG_CACHE_HOME": "/x/cache"}, with(func(s *hub.Settings) { s.Dir = abs("/x/cache/huggingface/hub") })},
		"the cache":             {map[string]string{"HF_HUB_CACHE": "/x/c", "HUGGINGFACE_HUB_CACHE": "/x/old", "HF_HOME": "/x/hf"}, with(func(s *hub.Settings) { s.Dir = abs("/x/c") })},
		"the cache's old name":  {map[string]string{"HUGGINGFACE_HUB_CACHE": "/x/old"}, with(func(s *hub.Settings) { s.Dir = abs("/x/old") })},
		"an endpoint":           {map[string]string{"HF_ENDPOINT": "https://mirror.example/hf/"}, with(func(s *hub.Settings) { s.Endpoint = "https://mirror.example/hf" })},
		"offline":               {map[string]string{"HF_HUB_OFFLINE": "yes"}, with(func(s *hub.Settings) { s.Offline = true })},
		"offline, by others":    {map[string]string{"TRANSFORMERS_OFFLINE": "1"}, with(func(s *hub.Settings) { s.Offline = true })},
		"online in spite":       {map[string]string{"HF_HUB_OFFLINE": "0", "TRANSFORMERS_OFFLINE": "1"}, usual},
		"no links":              {map[string]string{"HF_HUB_DISABLE_SYMLINKS": "True"}, with(func(s *hub.Settings) { s.NoLinks = true })},
		"a token":               {map[string]string{"HF_TOKEN": "hf_a\n", "HUGGING_FACE_HUB_TOKEN": "hf_old"}, with(func(s *hub.Settings) { s.Token = "hf_a" })},
		"a token's old name":    {map[string]string{"HUGGING_FACE_HUB_TOKEN": "hf_old"}, with(func(s *hub.Settings) { s.Token = "hf_old" })},
		"a token in a file":     {map[string]string{"HF_TOKEN_PATH": filepath.Join(tokens, "token")}, with(func(s *hub.Settings) { s.Token = "hf_file" })},
		"a token at home":       {map[string]string{"HF_HOME": tokens}, with(func(s *hub.Settings) { s.Token, s.Dir = "hf_file", filepath.Join(tokens, "hub") })},
		"a token to be named":   {map[string]string{"HF_TOKEN": "hf_a", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "ON"}, usual},
		"time-outs":             {map[string]string{"HF_HUB_ETAG_TIMEOUT": "3", "HF_HUB_DOWNLOAD_TIMEOUT": "60"}, with(func(s *hub.Settings) { s.Head, s.Body = 3*time.Second, time.Minute })},
		"no time-outs":          {map[string]string{"HF_HUB_ETAG_TIMEOUT": "0"}, usual},
	} {
		t.Run(name, func(t *testing.T) {
			clearEnvironment(t)
			t.Setenv("HF_HOME", "")
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			got, err := hub.SettingsOf(nil)
			if err != nil {
				t.Fatal(err)
			}
			if got.UserAgent = ""; got != c.want {
				t.Errorf("got %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestFieldsGoBeforeTheEnvironment(t *testing.T) {
	clearEnvironment(t)
	t.Setenv("HF_TOKEN", "hf_env")
	t.Setenv("HF_HUB_OFFLINE", "1")
	t.Setenv("HF_ENDPOINT", "https://env.example")
	t.Setenv("HF_HUB_USER_AGENT_ORIGIN", "partner\x01")
	dir := t.TempDir()
	got, err := hub.SettingsOf(&hub.Client{
		Endpoint: "http://[::1]:80", CacheDir: dir, Token: "hf_field", Network: hub.NetworkOnline, UserAgent: "program/1.0",
		HeadTimeout: time.Second, BodyTimeout: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got.UserAgent, "program/1.0; coreml-go; go/") || !strings.HasSuffix(got.UserAgent, "; origin/partner_") {
		t.Errorf("user agent %q", got.UserAgent)
	}
	want := hub.Settings{Endpoint: "http://[::1]:80", Dir: dir, Token: "hf_field", UserAgent: got.UserAgent, Head: time.Second, Body: time.Minute}
	if got != want {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if got, err := hub.SettingsOf(&hub.Client{NoToken: true}); err != nil || got.Token != "" || !got.Offline {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWhatCannotBeMeantIsAnError(t *testing.T) {
	for name, c := range map[string]struct {
		client *hub.Client
		env    map[string]string
	}{
		"an endpoint that is no address": {&hub.Client{Endpoint: "http://%zz"}, nil},
		"an endpoint without a scheme":   {&hub.Client{Endpoint: "huggingface.co"}, nil},
		"a file":                         {&hub.Client{Endpoint: "file:///etc"}, nil},
		"an endpoint with a query":       {&hub.Client{Endpoint: "https://x?y=z"}, nil},
		"an endpoint with a password":    {&hub.Client{Endpoint: "https://me:secret@x"}, nil},
		"a token of two lines":           {&hub.Client{Token: "hf_secret hf_b"}, nil},
		"a token that is no text":        {nil, map[string]string{"HF_TOKEN": "hf_secret\x01"}},
		"a time-out that is no number":   {nil, map[string]string{"HF_HUB_ETAG_TIMEOUT": "soon"}},
		"a time-out before the start":    {nil, map[string]string{"HF_HUB_DOWNLOAD_TIMEOUT": "-1"}},
		"a token that is a folder":       {nil, map[string]string{"HF_TOKEN_PATH": os.TempDir()}},
	} {
		t.Run(name, func(t *testing.T) {
			clearEnvironment(t)
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			_, err := c.client.Info(t.Context(), hub.Repo{ID: "a/b"})
			if err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestAnEndpointMayHaveAPath(t *testing.T) {
	r := newRig(t)
	c := &hub.Client{Endpoint: r.hub.URL() + "/hf", CacheDir: r.dir, Network: hub.NetworkOnline, Retries: -1}
	_, _ = c.Info(t.Context(), r.repo)
	_, _ = c.Download(t.Context(), r.repo, "config.json", nil)
	var paths []string
	for _, q := range r.hub.Requests() {
		paths = append(paths, q.Path)
	}
	if len(paths) != 2 || paths[0] != "/hf/api/models/org/toy/revision/main" || paths[1] != "/hf/org/toy/resolve/main/config.json" {
		t.Errorf("%q", paths)
	}
}
