package sidefiles

import (
	"slices"
	"strings"
)

// whisperLanguage returns the place of a language, by its code or its name, -1 for one
// that Whisper does not know.
func whisperLanguage(name string) int {
	if strings.Contains(name, "_") {
		return -1
	}
	name = strings.ReplaceAll(name, " ", "_")
	for _, other := range strings.Fields(whisperNames) {
		if long, code, _ := strings.Cut(other, "="); long == name {
			name = code
		}
	}
	return slices.IndexFunc(strings.Fields(whisperLanguages), func(entry string) bool {
		code, long, _ := strings.Cut(entry, "=")
		return name == code || name == long
	})
}
