using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Stages.Data;

/// <summary>Says what a file is that is not the text it should be.</summary>
internal static class OtherFormats
{
    /// <summary>Refuses a file that is empty or plainly another thing.</summary>
    /// <param name="start">Its first bytes.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <param name="expected">What it should be, for example JSON.</param>
    /// <exception cref="InputException">It is another thing; says which.</exception>
    public static void Refuse(ReadOnlySpan<byte> start, string file, string expected = "JSON")
    {
        if (start.IsEmpty)
        {
            throw new InputException(file, "is empty.", "Get the file again.");
        }

        // A mark of the byte order, or an ASCII character beside zeros
        bool isWide =
            start
            is [0xFF, 0xFE, ..]
                or [0xFE, 0xFF, ..]
                or [0, 0, 0xFE, 0xFF, ..]
                or [0, 0, 0, not 0, ..]
                or [0, not 0, ..]
                or [not 0, 0, ..];
        if (isWide)
        {
            throw new InputException(file, "is text in UTF-16 or UTF-32, not in UTF-8.", "Save it in UTF-8.");
        }

        if (GitLfs.IsPointer(start))
        {
            throw new InputException(
                file,
                "is a git-LFS pointer, not the file itself.",
                "Run 'git lfs pull' in its folder."
            );
        }

        if (start.StartsWith("PK\u0003\u0004"u8) || start.StartsWith<byte>([0x1f, 0x8b]))
        {
            throw new InputException(
                file,
                "is a compressed archive.",
                $"Unpack it and name the {expected} file inside."
            );
        }

        if (start[0] == (byte)'<')
        {
            throw new InputException(
                file,
                $"is a web page or XML, not {expected}.",
                "Get the file again; the download was probably refused."
            );
        }
    }
}
