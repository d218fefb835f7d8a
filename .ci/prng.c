/* bcryptprimitives.dll for wine 8, which lacks it: the one function that Go's
 * run time asks of it, over the one that wine has. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID, ULONG); /* RtlGenRandom */

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE p, SIZE_T n)
{
	while (n > 0) {
		ULONG part = n < 1 << 20 ? (ULONG)n : 1 << 20;

		if (!SystemFunction036(p, part))
			return FALSE;
		p += part;
		n -= part;
	}
	return TRUE;
}
