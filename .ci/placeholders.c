/* Placeholders of virtual memory for wine 8, which lacks them: what the window
 * form of guest memory asks of Windows 10 (memory/host_windows_unsafe.go), in
 * terms of what wine has and of Linux's own calls. Part of the same DLL as
 * prng.c, which Go's run time loads before anything else; it puts itself before
 * six functions of kernelbase.dll.
 *
 * A placeholder, and everything in its place later, stays one reservation of
 * wine's. A view of a section is committed memory of wine's over which Linux
 * maps the section's pages. */
#include <windows.h>

#define RESERVE_PLACEHOLDER 0x40000
#define REPLACE_PLACEHOLDER 0x4000
#define COALESCE_PLACEHOLDERS 1
#define PRESERVE_PLACEHOLDER 2

LONG NTAPI NtUnmapViewOfSection(HANDLE, PVOID);
LONG NTAPI NtProtectVirtualMemory(HANDLE, PVOID *, SIZE_T *, ULONG, ULONG *);
LONG NTAPI NtFreeVirtualMemory(HANDLE, PVOID *, SIZE_T *, ULONG);
ULONG NTAPI RtlNtStatusToDosError(LONG);

static CRITICAL_SECTION lock;

/* Reservations are never given back to wine but used again: nobody else's
 * memory then comes to lie where an old one is still being taken apart. */
static struct reservation {
	char *start, *end;
	BOOL used;
} reservations[1 << 12];
static int count;

/* The sizes of views by their addresses: an open hash table; size 0 is a view
 * that has gone. */
#define VIEWS (1 << 18)
static struct view {
	char *at;
	SIZE_T size;
} *views;

static LONG64 linux_call(LONG64 n, LONG64 a, LONG64 b, LONG64 c, LONG64 d, LONG64 e)
{
	register LONG64 r10 __asm__("r10") = d;
	register LONG64 r8 __asm__("r8") = e;
	LONG64 result;

	__asm__ volatile("syscall" : "=a"(result)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}

#define SYS_mprotect 10
#define SYS_mremap 25

static struct reservation *find(void *addr)
{
	int i;

	for (i = 0; i < count; i++)
		if ((char *)addr >= reservations[i].start && (char *)addr < reservations[i].end)
			return &reservations[i];
	return NULL;
}

static struct view *slot(char *at)
{
	SIZE_T i = ((SIZE_T)at >> 12) * 0x9E3779B97F4A7C15ull >> 46;

	while (views[i].at && views[i].at != at)
		i = (i + 1) % VIEWS;
	return &views[i];
}

static BOOL decommit(void *addr, SIZE_T n)
{
	LONG status = NtFreeVirtualMemory(GetCurrentProcess(), &addr, &n, MEM_DECOMMIT);

	if (status)
		SetLastError(RtlNtStatusToDosError(status));
	return !status;
}

static PVOID WINAPI alloc2(HANDLE process, PVOID addr, SIZE_T n, ULONG type, ULONG protect, PVOID parameters, ULONG m)
{
	struct reservation *r;
	int i;

	if (type == (MEM_RESERVE | REPLACE_PLACEHOLDER))
		return decommit(addr, n) ? addr : NULL;
	if (type != (MEM_RESERVE | RESERVE_PLACEHOLDER))
		return VirtualAlloc(addr, n, type, protect);
	EnterCriticalSection(&lock);
	for (i = 0; i < count; i++)
		if (!reservations[i].used && reservations[i].end - reservations[i].start == n)
			break;
	r = &reservations[i];
	if (i == count && i < sizeof reservations / sizeof *reservations) {
		r->start = VirtualAlloc(NULL, n, MEM_RESERVE, PAGE_NOACCESS);
		r->end = r->start + n;
		if (r->start)
			count++;
	}
	if (i < count) {
		r->used = TRUE;
		addr = r->start;
	} else {
		SetLastError(ERROR_NOT_ENOUGH_MEMORY);
		addr = NULL;
	}
	LeaveCriticalSection(&lock);
	return addr;
}

static BOOL WINAPI free_memory(LPVOID addr, SIZE_T n, DWORD type)
{
	LONG status;
	struct reservation *r;

	switch (type) {
	case MEM_RELEASE | PRESERVE_PLACEHOLDER:
		return decommit(addr, n);
	case MEM_RELEASE | COALESCE_PLACEHOLDERS:
		return TRUE;
	case MEM_RELEASE:
		EnterCriticalSection(&lock);
		r = find(addr);
		LeaveCriticalSection(&lock);
		if (!r)
			break;
		/* Pieces go one by one; the end of the last one is a guard. */
		if (addr == r->start) {
			decommit(r->start, r->end - r->start);
			EnterCriticalSection(&lock);
			r->used = FALSE;
			LeaveCriticalSection(&lock);
		}
		return TRUE;
	}
	status = NtFreeVirtualMemory(GetCurrentProcess(), &addr, &n, type);
	if (status)
		SetLastError(RtlNtStatusToDosError(status));
	return !status;
}

static PVOID WINAPI map3(HANDLE section, HANDLE process, PVOID addr, ULONG64 offset, SIZE_T n, ULONG type, ULONG protect, PVOID parameters, ULONG m)
{
	ULONG64 first = offset & ~(ULONG64)0xFFFF;
	SIZE_T delta = offset - first;
	BOOL own = protect == PAGE_WRITECOPY;
	DWORD old;
	char *from;

	if (type != REPLACE_PLACEHOLDER) {
		SetLastError(ERROR_CALL_NOT_IMPLEMENTED);
		return NULL;
	}
	from = MapViewOfFile(section, FILE_MAP_READ | FILE_MAP_WRITE, first >> 32, (DWORD)first, n + delta);
	if (!from)
		return NULL;
	if (own) {
		/* Copied at once: it is mapped because it is written to. */
		if (!VirtualAlloc(addr, n, MEM_COMMIT, PAGE_READWRITE))
			addr = NULL;
		else
			CopyMemory(addr, from + delta, n);
	} else if (!VirtualAlloc(addr, n, MEM_COMMIT, PAGE_NOACCESS)) {
		addr = NULL;
	} else {
		if (protect != PAGE_READWRITE)
			linux_call(SYS_mprotect, (LONG64)(from + delta), n, 1, 0, 0);
		/* Of nothing but a shared mapping: one more of the same. */
		if (linux_call(SYS_mremap, (LONG64)(from + delta), 0, n, 3, (LONG64)addr) != (LONG64)addr) {
			decommit(addr, n);
			SetLastError(ERROR_NOT_ENOUGH_MEMORY);
			addr = NULL;
		} else {
			VirtualProtect(addr, n, protect, &old);
		}
	}
	UnmapViewOfFile(from);
	if (addr) {
		struct view *v;

		EnterCriticalSection(&lock);
		v = slot(addr);
		v->at = addr;
		v->size = n;
		LeaveCriticalSection(&lock);
	}
	return addr;
}

static BOOL WINAPI unmap2(HANDLE process, PVOID addr, ULONG flags)
{
	struct view *v;
	SIZE_T n;

	EnterCriticalSection(&lock);
	v = slot(addr);
	n = v->size;
	v->size = 0;
	LeaveCriticalSection(&lock);
	if (!n) {
		SetLastError(ERROR_INVALID_ADDRESS);
		return FALSE;
	}
	return decommit(addr, n);
}

static BOOL WINAPI unmap(LPCVOID addr)
{
	LONG status;
	BOOL ours;

	EnterCriticalSection(&lock);
	ours = find((void *)addr) != NULL;
	LeaveCriticalSection(&lock);
	if (ours)
		return unmap2(NULL, (void *)addr, 0);
	status = NtUnmapViewOfSection(GetCurrentProcess(), (void *)addr);
	if (status)
		SetLastError(RtlNtStatusToDosError(status));
	return !status;
}

/* Memory that is copied when it is written to has been copied already. */
static BOOL WINAPI protect_memory(LPVOID addr, SIZE_T n, DWORD protect, LPDWORD old)
{
	LONG status;
	ULONG before;

	if (protect == PAGE_WRITECOPY) {
		EnterCriticalSection(&lock);
		if (find(addr))
			protect = PAGE_READWRITE;
		LeaveCriticalSection(&lock);
	}
	status = NtProtectVirtualMemory(GetCurrentProcess(), &addr, &n, protect, &before);
	if (status)
		SetLastError(RtlNtStatusToDosError(status));
	else
		*old = before;
	return !status;
}

static void replace(HMODULE dll, const char *name, void *with)
{
	unsigned char jump[12] = { 0x48, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xE0 }; /* mov rax, with; jmp rax */
	void *f = (void *)GetProcAddress(dll, name);
	DWORD old;

	CopyMemory(jump + 2, &with, 8);
	if (f && VirtualProtect(f, sizeof jump, PAGE_EXECUTE_READWRITE, &old)) {
		CopyMemory(f, jump, sizeof jump);
		VirtualProtect(f, sizeof jump, old, &old);
	}
}

BOOL WINAPI DllMain(HINSTANCE dll, DWORD reason, LPVOID reserved)
{
	HMODULE base;

	if (reason == DLL_PROCESS_ATTACH) {
		InitializeCriticalSection(&lock);
		views = VirtualAlloc(NULL, VIEWS * sizeof *views, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
		base = GetModuleHandleA("kernelbase.dll");
		if (views && base) {
			replace(base, "VirtualAlloc2", alloc2);
			replace(base, "VirtualFree", free_memory);
			replace(base, "MapViewOfFile3", map3);
			replace(base, "UnmapViewOfFile2", unmap2);
			replace(base, "UnmapViewOfFile", unmap);
			replace(base, "VirtualProtect", protect_memory);
		}
	}
	return TRUE;
}
