package hub_test

import (
	"os/user"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/hub"
)

func TestWithoutHOMETheSystemKnowsIt(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "plan9" {
		t.Skip("it is another variable")
	}
	clearEnvironment(t)
	t.Setenv("HF_HOME", "")
	t.Setenv("HOME", "")
	u, err := user.Current()
	if err != nil {
		t.Skip(err)
	}
	dir, err := new(hub.Client).CacheFolder()
	if want := filepath.Join(u.HomeDir, ".cache", "huggingface", "hub"); err != nil || dir != want {
		t.Errorf("%s, %v, want %s", dir, err, want)
	}
	t.Setenv("HF_HUB_CACHE", "~who-is-not-here/hub")
	if dir, err := new(hub.Client).CacheFolder(); err == nil {
		t.Errorf("no error, but %s", dir)
	}
}

func TestAnEndpointThatIsNoneIsNotShownWithItsPassword(t *testing.T) {
	clearEnvironment(t)
	for _, endpoint := range []string{
		"http://u:secret@h", "http://u:secret@[bad", "ftp://u:secret@h", "http://u:secret@h?x", "u:secret@h", "http://", "http://:80", "h", "http://h?x", "http://h#x", "file:///x", "javascript:x",
	} {
		_, err := hub.SettingsOf(&hub.Client{Endpoint: endpoint})
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}
