using Pipelines.Domain.Errors;
using Pipelines.Files;
using Pipelines.Models.Tensors;

namespace Pipelines.Models.Families;

/// <summary>
/// What can be told about a hub folder in a moment, so that a folder that is of no use is an error before anything
/// runs.
/// </summary>
public static class ModelFolder
{
    /// <summary>
    /// Demands weights whose headers are whole and hold what config.json asks for, and no git-LFS pointer in place of a
    /// small file.
    /// </summary>
    /// <param name="info">What config.json says.</param>
    /// <param name="smallFiles">Names of configuration and tokenizer files; those that are missing are no error
    /// here.</param>
    /// <exception cref="InputException">Missing, damaged, misshapen, quantised or pickled weights; a
    /// pointer.</exception>
    public static void RequireUsable(ModelInfo info, IEnumerable<string> smallFiles)
    {
        Open(info, ModelInfo.ReadConfig(info.Folder)).Dispose();
        Span<byte> start = stackalloc byte[GitLfs.Mark.Length];
        foreach (string file in smallFiles.Select(name => Path.Combine(info.Folder, name)).Where(File.Exists))
        {
            try
            {
                using var stream = RegularFile.Open(file);
                int read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
                if (GitLfs.IsPointer(start[..read]))
                {
                    throw new InputException(
                        file,
                        "is a git-LFS pointer, not the file itself.",
                        "Run `git lfs pull` in the model folder."
                    );
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new InputException(file, $"cannot be read ({e.Message.TrimEnd('.')}).", null, e);
            }
        }
    }

    /// <summary>The checkpoint of a folder by the hub's names, held against config.json.</summary>
    /// <param name="info">What config.json says.</param>
    /// <param name="config">config.json.</param>
    /// <exception cref="InputException">Missing, damaged, misshapen, quantised or pickled weights; names of a wrapped
    /// model.</exception>
    public static Checkpoint Open(ModelInfo info, ModelConfig config)
    {
        Checkpoint checkpoint = Checkpoint.Open(info.Folder, info.Family.HubName);
        try
        {
            CheckpointNames.Require(checkpoint, info, config);
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }
}
