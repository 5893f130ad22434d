package storage

import "golang.org/x/sys/windows"

// FreeSpace is how many bytes a user may still write where dir is; ok is false
// where the system does not say.
func FreeSpace(dir string) (free uint64, ok bool) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, false
	}
	err = windows.GetDiskFreeSpaceEx(name, &free, nil, nil)
	return free, err == nil
}
