module github.com/gocoreml/coreml/internal/kernel/_asm

go 1.26.0
