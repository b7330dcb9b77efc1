using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Pipelines.Files;

namespace Pipelines.Models.Tensors;

/// <summary>What the header of a shared library for Linux says, read without loading it.</summary>
/// <param name="Machine">e_machine: 62 is x86-64.</param>
/// <param name="Needed">Sonames of the libraries that it cannot do without, in the order of the file.</param>
internal sealed record ElfFile(int Machine, IReadOnlyList<string> Needed)
{
    /// <summary>x86-64.</summary>
    public const int X64 = 62;

    private const int ProgramLoad = 1,
        ProgramDynamic = 2,
        TagNeeded = 1,
        TagStrings = 5;

    /// <summary>Reads a 64-bit little-endian ELF file: its program headers, and the dynamic section alone.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">It is none.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ElfFile Read(string path)
    {
        using SafeFileHandle file = RegularFile.OpenHandle(path);
        byte[] header = Bytes(file, 0, 64);
        if (!header.AsSpan(0, 6).SequenceEqual("\u007fELF\u0002\u0001"u8))
        {
            throw new InvalidDataException("it is no 64-bit ELF file");
        }

        int size = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(0x36));
        int count = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(0x38));
        byte[] table = Bytes(file, BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(0x20)), size * count);
        Part[] parts = [.. Enumerable.Range(0, count).Select(i => Part.Read(table.AsSpan(i * size)))];
        Part dynamic = Array.Find(parts, p => p.Type == ProgramDynamic);
        byte[] entries = Bytes(file, dynamic.Offset, (int)dynamic.Size);
        var needed = new List<long>(); // offsets in the table of strings
        long strings = 0;
        for (int at = 0; at + 16 <= entries.Length; at += 16)
        {
            long value = BinaryPrimitives.ReadInt64LittleEndian(entries.AsSpan(at + 8));
            switch (BinaryPrimitives.ReadInt64LittleEndian(entries.AsSpan(at)))
            {
                case TagNeeded:
                    needed.Add(value);
                    break;
                case TagStrings:
                    Part loaded = Array.Find(parts, p => p.Type == ProgramLoad && p.Holds(value));
                    strings = value - loaded.Address + loaded.Offset;
                    break;
            }
        }

        return new ElfFile(
            BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(0x12)),
            [.. needed.Select(offset => Text(file, strings + offset))]
        );
    }

    private static byte[] Bytes(SafeFileHandle file, long offset, int count)
    {
        byte[] bytes = new byte[count];
        int read = 0;
        while (read < count)
        {
            int more = RandomAccess.Read(file, bytes.AsSpan(read), offset + read);
            read += more > 0 ? more : throw new InvalidDataException("it is cut off");
        }

        return bytes;
    }

    private static string Text(SafeFileHandle file, long offset)
    {
        byte[] bytes = new byte[256]; // longer than the name of a file may be
        int read = RandomAccess.Read(file, bytes, offset);
        int end = bytes.AsSpan(0, read).IndexOf((byte)0);
        return Encoding.ASCII.GetString(bytes, 0, end < 0 ? read : end);
    }

    /// <summary>A program header.</summary>
    private readonly record struct Part(int Type, long Offset, long Address, long Size)
    {
        /// <summary>Elf64_Phdr: u32 type, flags; u64 offset, address, physical address, size in the file.</summary>
        public static Part Read(ReadOnlySpan<byte> entry) =>
            new(
                BinaryPrimitives.ReadInt32LittleEndian(entry),
                BinaryPrimitives.ReadInt64LittleEndian(entry[8..]),
                BinaryPrimitives.ReadInt64LittleEndian(entry[16..]),
                BinaryPrimitives.ReadInt64LittleEndian(entry[32..])
            );

        public bool Holds(long address) => address >= Address && address - Address < Size;
    }
}
