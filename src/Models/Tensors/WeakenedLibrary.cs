using System.Buffers.Binary;
using System.Security.Cryptography;
using Pipelines.Files;

namespace Pipelines.Models.Tensors;

/// <summary>
/// A copy of libLibTorchSharp.so that loads where libstdc++ is older than GCC 13's (Debian 12, Ubuntu 22.04, RHEL 9).
/// The file names the version GLIBCXX_3.4.32 but calls nothing of it; the copy marks that need as weak, which ld.so
/// then does not insist on.
/// </summary>
internal static class WeakenedLibrary
{
    private const string UnmetVersion = "GLIBCXX_3.4.32";
    private const uint SectionVersionNeeds = 0x6ffffffe; // SHT_GNU_verneed
    private const ushort FlagWeak = 2; // VER_FLG_WEAK

    /// <summary>
    /// Path of the copy, made at the first call: beside the program, or below the temporary folder where that cannot be
    /// written.
    /// </summary>
    /// <param name="library">The package's file.</param>
    public static string Of(string library)
    {
        byte[] bytes = RegularFile.ReadAllBytes(library);
        // Another package version is another folder
        string folderName = "torch-" + Convert.ToHexStringLower(SHA256.HashData(bytes))[..16];
        Weaken(bytes, UnmetVersion);
        Exception? failure = null;
        foreach (
            string root in new[]
            {
                AppContext.BaseDirectory,
                Path.Combine(Path.GetTempPath(), "pipelines-" + Environment.UserName),
            }
        )
        {
            try
            {
                string folder = Directory.CreateDirectory(Path.Combine(root, folderName)).FullName;
                string copy = Path.Combine(folder, Path.GetFileName(library));
                if (!File.Exists(copy) || !RegularFile.ReadAllBytes(copy).AsSpan().SequenceEqual(bytes))
                {
                    // Several processes may be here at once: the last rename wins, and all copies are equal.
                    AtomicFile.Write(copy, bytes);
                }

                return copy;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                failure = e;
            }
        }

        throw new IOException($"no place for the copy of {library}: {failure!.Message}", failure);
    }

    /// <summary>Marks one version need of an ELF64 little-endian file as weak.</summary>
    /// <param name="elf">The file's bytes, changed in place. Elf64_Verneed: u16 version, u16 count; u32 file, aux,
    /// next. Elf64_Vernaux: u32 hash; u16 flags, other; u32 name, next.</param>
    /// <param name="version">The version's name, found by its ELF hash.</param>
    /// <exception cref="InvalidDataException">The file has not exactly one such need.</exception>
    internal static void Weaken(Span<byte> elf, string version)
    {
        uint hash = ElfHash(version);
        int sections = (int)BinaryPrimitives.ReadInt64LittleEndian(elf[0x28..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(elf[0x3C..]);
        int found = 0;
        for (int s = 0; s < count; s++)
        {
            Span<byte> section = elf.Slice(sections + s * 64, 64);
            if (BinaryPrimitives.ReadUInt32LittleEndian(section[4..]) != SectionVersionNeeds)
            {
                continue;
            }

            int need = (int)BinaryPrimitives.ReadInt64LittleEndian(section[24..]);
            for (int nextNeed = -1; nextNeed != 0; need += nextNeed)
            {
                int entry = need + BinaryPrimitives.ReadInt32LittleEndian(elf[(need + 8)..]);
                for (int nextEntry = -1; nextEntry != 0; entry += nextEntry)
                {
                    if (BinaryPrimitives.ReadUInt32LittleEndian(elf[entry..]) == hash)
                    {
                        BinaryPrimitives.WriteUInt16LittleEndian(elf[(entry + 4)..], FlagWeak);
                        found++;
                    }

                    nextEntry = BinaryPrimitives.ReadInt32LittleEndian(elf[(entry + 12)..]);
                }

                nextNeed = BinaryPrimitives.ReadInt32LittleEndian(elf[(need + 12)..]);
            }
        }

        if (found != 1)
        {
            throw new InvalidDataException($"{found} needs of {version} in the library, where one was expected");
        }
    }

    private static uint ElfHash(string name)
    {
        uint hash = 0;
        foreach (char c in name)
        {
            hash = (hash << 4) + c;
            uint high = hash & 0xf0000000;
            hash = (hash ^ (high >> 24)) & ~high;
        }

        return hash;
    }
}
