using System.Runtime.InteropServices;
using System.Text;

namespace Pipelines.Files;

/// <summary>
/// The symbolic links of a folder, wherever they lead, by one reading of it: its entries say what they are. The
/// runtime's own listing asks the system where each link leads, and a table of a run may have 100,000.
/// </summary>
public static class LinkNames
{
    private const byte Unknown = 0, // DT_UNKNOWN
        Link = 10; // DT_LNK

    /// <summary>Names of the links directly in a folder; none where it is not there.</summary>
    /// <param name="folder">The folder.</param>
    public static HashSet<string> In(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return OperatingSystem.IsLinux() && Environment.Is64BitProcess ? FromSystem(folder)
            : Directory.Exists(folder) ? Asked(folder)
            : [];
    }

    private static unsafe HashSet<string> FromSystem(string folder)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        nint open = opendir(Encoding.UTF8.GetBytes(folder + '\0'));
        if (open == 0)
        {
            return names;
        }

        try
        {
            while (readdir(open) is var entry && entry is not null)
            {
                if (entry->Type is not (Link or Unknown))
                {
                    continue;
                }

                string name = Encoding.UTF8.GetString(
                    MemoryMarshal.CreateReadOnlySpanFromNullTerminated((byte*)entry + Entry.NameOffset)
                );
                if (entry->Type == Link || RegularFile.IsLink(Path.Combine(folder, name)))
                {
                    names.Add(name);
                }
            }
        }
        finally
        {
            _ = closedir(open);
        }

        return names;
    }

    private static HashSet<string> Asked(string folder) =>
        [.. Directory.EnumerateFileSystemEntries(folder).Where(RegularFile.IsLink).Select(f => Path.GetFileName(f))];

    /// <summary>struct dirent of 64-bit Linux, the same on every processor; the name stands behind it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Entry
    {
        public const int NameOffset = 19;

        public readonly ulong Inode;
        public readonly long Next;
        public readonly ushort Length;
        public readonly byte Type;
    }

#pragma warning disable IDE1006, CA5392 // names of C
    [DllImport("libc")]
    private static extern nint opendir(byte[] path);

    [DllImport("libc")]
    private static extern unsafe Entry* readdir(nint folder);

    [DllImport("libc")]
    private static extern int closedir(nint folder);
#pragma warning restore IDE1006, CA5392
}
