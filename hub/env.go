package hub

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/gocoreml/coreml/internal/quote"
	"github.com/gocoreml/coreml/internal/storage"
)

// The environment is read as huggingface_hub's constants.py reads it: the same
// names, defaults and meanings. A variable that is set to nothing counts as one
// that is not set.

// defaultEndpoint is the hub that is meant when nothing names another.
const defaultEndpoint = "https://huggingface.co"

// defaultTimeout is huggingface_hub's for metadata and for bodies.
const defaultTimeout = 10 * time.Second

// maxToken bounds the file that holds the token.
const maxToken = 1 << 16

// env returns the first of the variables that is set to something.
func env(names ...string) string {
	for _, name := range names {
		if v := os.Getenv(name); v != "" {
			return v
		}
	}
	return ""
}

// envTrue reports whether one of the variables is 1, ON, YES or TRUE, in any case.
// The first that is set decides, as where Python writes "or" between them.
func envTrue(names ...string) bool {
	switch strings.ToUpper(env(names...)) {
	case "1", "ON", "YES", "TRUE":
		return true
	}
	return false
}

// envSeconds reads a number of seconds; 0 and nothing are the default, and what is
// no number is an error.
func envSeconds(name string) (time.Duration, error) {
	v := strings.TrimSpace(env(name))
	if v == "" {
		return defaultTimeout, nil
	}
	s, err := strconv.ParseFloat(v, 64)
	if err != nil || !(s >= 0 && s <= 1e6) {
		return 0, fmt.Errorf("hub: %s is %s, which is no number of seconds", name, quote.Name(v, maxName))
	}
	if s == 0 {
		return defaultTimeout, nil
	}
	return time.Duration(s * float64(time.Second)), nil
}

// homeFolder is HF_HOME, the folder of the token and the cache.
func homeFolder() string {
	if v := env("HF_HOME"); v != "" {
		return expandPath(v)
	}
	cache := env("XDG_CACHE_HOME")
	if cache == "" {
		cache = filepath.Join("~", ".cache")
	}
	return expandPath(filepath.Join(cache, "huggingface"))
}

// cacheFolder is HF_HUB_CACHE, the folder of the repositories.
func cacheFolder() string {
	if v := env("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"); v != "" {
		return expandPath(v)
	}
	return filepath.Join(homeFolder(), "hub")
}

// envToken is the token of the environment or of the file that "hf auth login"
// writes, "" without one.
func envToken() (string, error) {
	if envTrue("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
		return "", nil
	}
	if v := cleanToken(env("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")); v != "" {
		return v, nil
	}
	path := filepath.Join(homeFolder(), "token")
	if v := env("HF_TOKEN_PATH"); v != "" {
		path = expandPath(v)
	}
	dir, name := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	content, err := storage.ReadOptional(os.DirFS(dir), name, maxToken)
	if err != nil {
		return "", fmt.Errorf("hub: the file of the token: %w", err)
	}
	return cleanToken(string(content)), nil
}

// cleanToken drops what a copy from a page or a file may have around a token.
func cleanToken(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\r", "", "\n", "").Replace(s))
}

// variables are the references that Python's os.path.expandvars replaces.
var variables = regexp.MustCompile(`\$(?:[A-Za-z0-9_]+|\{[^}]*\})`)

// expandPath replaces ~ and the variables in a path as Python's expanduser and
// expandvars do: what is not set stays as it is written.
func expandPath(s string) string {
	s = expandUser(s)
	s = variables.ReplaceAllStringFunc(s, func(ref string) string {
		name := strings.TrimSuffix(strings.TrimPrefix(ref[1:], "{"), "}")
		if v, ok := os.LookupEnv(name); ok {
			return v
		}
		return ref
	})
	return s
}

// ownHome is the user's folder, by the environment or else by the system's list of
// users; "" where neither knows it, and then a path stays as it is.
func ownHome() string {
	if home, err := os.UserHomeDir(); err == nil {
		return home
	}
	if u, err := user.Current(); err == nil {
		return u.HomeDir
	}
	return ""
}

// expandUser replaces ~ or ~name at the beginning.
func expandUser(s string) string {
	if !strings.HasPrefix(s, "~") {
		return s
	}
	end := 1
	for end < len(s) && s[end] != '/' && !(runtime.GOOS == "windows" && s[end] == '\\') {
		end++
	}
	home := ""
	if name := s[1:end]; name == "" {
		home = ownHome()
	} else if u, err := user.Lookup(name); err == nil {
		home = u.HomeDir
	}
	if home == "" {
		return s
	}
	if home = strings.TrimRight(home, "/"); home == "" && end == len(s) {
		return "/"
	}
	return home + s[end:]
}
