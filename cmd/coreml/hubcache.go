package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tokenizer"
)

// repositoryPattern is the form of repository ids with an owner, as
// huggingface_hub checks it; ids are made into file names.
//
// Ids come from packages too, and a path that leads out of the cache must not be
// made of one.
var repositoryPattern = regexp.MustCompile(`^[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}$`)

// isRepository reports whether id can be the id of a repository.
func isRepository(id string) bool {
	return repositoryPattern.MatchString(id) && !strings.Contains(id, "--") && !strings.Contains(id, "..")
}

// hubCache returns the folder in which huggingface_hub keeps downloads.
//
// The order is huggingface_hub's own (constants.py): the newer variable before the
// older one, then the folder around all of its caches.
func hubCache() string {
	for _, name := range []string{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"} {
		if dir := os.Getenv(name); dir != "" {
			return expand(dir)
		}
	}
	if home := os.Getenv("HF_HOME"); home != "" {
		return filepath.Join(expand(home), "hub")
	}
	if cache := os.Getenv("XDG_CACHE_HOME"); cache != "" {
		return filepath.Join(expand(cache), "huggingface", "hub")
	}
	return filepath.Join(expand("~"), ".cache", "huggingface", "hub")
}

// expand replaces a leading ~ and environment variables.
func expand(dir string) string {
	if rest, ok := strings.CutPrefix(dir, "~"); ok && (rest == "" || os.IsPathSeparator(rest[0])) {
		if home, err := os.UserHomeDir(); err == nil {
			dir = home + rest
		}
	}
	return filepath.Clean(os.ExpandEnv(dir))
}

// errNotCached means that the local cache has no tokenizer of a repository.
var errNotCached = errors.New("not in the local cache")

// notCached says it of a repository, with what to do.
func notCached(repo string) string {
	return fmt.Sprintf("the local cache %s has no tokenizer of that repository: download it there, as hf download %s does", hubCache(), repo)
}

// cachedTokenizer returns the folder of a repository's newest snapshot in the
// local cache that holds a tokenizer: that of the branch main, else any. The
// cache is only read.
func cachedTokenizer(repo string) (string, error) {
	cache := hubCache()
	folder := filepath.Join(cache, "models--"+strings.ReplaceAll(repo, "/", "--"))
	has := func(commit string) (string, bool) {
		dir := filepath.Join(folder, "snapshots", commit)
		return dir, slices.ContainsFunc(tokenizer.FileNames(), func(name string) bool {
			info, err := os.Stat(filepath.Join(dir, name))
			return err == nil && info.Mode().IsRegular()
		})
	}
	// A commit is 40 characters; whatever is longer is none. Without the file any
	// snapshot will do, since offline copies often lack it.
	if data, err := storage.ReadSmall(os.DirFS(folder), "refs/main", 256); err == nil {
		if commit := strings.TrimSpace(string(data)); filepath.IsLocal(commit) {
			if dir, ok := has(commit); ok {
				return dir, nil
			}
		}
	}
	entries, err := os.ReadDir(filepath.Join(folder, "snapshots"))
	if err != nil && !os.IsNotExist(err) {
		return "", err
	}
	for _, e := range entries {
		if dir, ok := has(e.Name()); ok {
			return dir, nil
		}
	}
	return "", errNotCached
}
