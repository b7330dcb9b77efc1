namespace Pipelines.Files;

/// <summary>
/// What a clone without git LFS holds in place of a large file: a few lines of text that say where it is. Every reader
/// of files from a hub asks for it, because as JSON, weights or a picture it is damaged for no reason that a user sees.
/// </summary>
public static class GitLfs
{
    /// <summary>How every pointer begins.</summary>
    public static ReadOnlySpan<byte> Mark => "version https://git-lfs"u8;

    /// <summary>Whether a file is a pointer, by its first bytes.</summary>
    /// <param name="start">At least as many as <see cref="Mark"/> has, or the whole file.</param>
    public static bool IsPointer(ReadOnlySpan<byte> start) => start.StartsWith(Mark);
}
