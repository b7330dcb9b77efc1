using Pipelines.Stages.Errors;
using Pipelines.Stages.Tensors;

namespace Pipelines.Stages.Models;

/// <summary>What can be told about a hub folder in a moment, so that a folder that is of no use is an error before anything runs.</summary>
internal static class ModelFolder
{
    private static ReadOnlySpan<byte> Pointer => "version https://git-lfs"u8;

    /// <summary>Demands weights whose headers are whole, and no git-LFS pointer in place of a small file.</summary>
    /// <param name="folder">The hub folder.</param>
    /// <param name="smallFiles">Names of configuration and tokenizer files; those that are missing are no error here.</param>
    /// <exception cref="InputException">Missing, damaged, quantised or pickled weights; a pointer.</exception>
    public static void RequireUsable(string folder, IEnumerable<string> smallFiles)
    {
        Checkpoint.Open(folder).Dispose();
        Span<byte> start = stackalloc byte[Pointer.Length];
        foreach (string file in smallFiles.Select(name => Path.Combine(folder, name)).Where(File.Exists))
        {
            try
            {
                using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read);
                if (stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start.SequenceEqual(Pointer))
                {
                    throw new InputException(file, "is a git-LFS pointer, not the file itself.", "Run `git lfs pull` in the model folder.");
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new InputException(file, $"cannot be read ({e.Message.TrimEnd('.')}).", null, e);
            }
        }
    }
}
