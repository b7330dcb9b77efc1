using System.Text;
using Pipelines.Fuzz.Mutators;
using Pipelines.Stages.Storage;

namespace Pipelines.Fuzz.Targets;

/// <summary>
/// digests.json, the memory of files that were read. In the input <see cref="Place"/> stands for the folder, which is
/// another in every process.
/// </summary>
internal sealed class DigestsTarget() : FileTarget("digests", "json", Memory, new JsonMutator())
{
    private const string Memory = "digests.json",
        Place = "@folder";

    private string Known => Path.Combine(Folder, "weights");

    public override long? Read(byte[] input) =>
        base.Read(
            Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(input).Replace(Place, Folder, StringComparison.Ordinal))
        );

    protected override IReadOnlyList<byte[]> MakeSeeds()
    {
        string memory = Path.Combine(Folder, Memory);
        File.Delete(memory);
        var digests = new FileDigests(memory);
        digests.Of(Known);
        digests.Save();
        return [Encoding.UTF8.GetBytes(File.ReadAllText(memory).Replace(Folder, Place, StringComparison.Ordinal))];
    }

    protected override void Lay(string into)
    {
        File.WriteAllText(Path.Combine(into, "weights"), "some weights");
        // What is remembered of it fits in every process
        File.SetLastWriteTimeUtc(Path.Combine(into, "weights"), DateTime.UnixEpoch.AddYears(50));
    }

    protected override long? ReadFile(string path)
    {
        var digests = new FileDigests(path);
        string digest = digests.Of(Known);
        digests.Save();
        FileDigests.Combine([("weights", digest)]);
        return 0;
    }
}
