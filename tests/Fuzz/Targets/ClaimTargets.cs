using System.Text;
using Pipelines.Fuzz.Mutators;
using Pipelines.Stages.Storage;

namespace Pipelines.Fuzz.Targets;

/// <summary>A worker's claim, as the others read it.</summary>
internal sealed class ClaimTarget() : FileTarget("claim", "claim", "claim", new BytesMutator(header: 65))
{
    protected override long? ReadFile(string path) => ClaimFile.Read(path) == ClaimText.Unreadable ? null : 0;

    protected override IReadOnlyList<byte[]> MakeSeeds()
    {
        var claim = ClaimText.Of("0123456789abcdef0123456789abcdef");
        ClaimText over = claim with { IsOver = true };
        return
        [
            .. new[] { claim, over, over with { Stood = FileDigests.OfText("units") } }.Select(c =>
                Encoding.UTF8.GetBytes(c.ToString())
            ),
        ];
    }
}

/// <summary>A worker's heartbeat, as the others read it.</summary>
internal sealed class HeartbeatTarget()
    : FileTarget("heartbeat", "heartbeat", "heartbeat", new BytesMutator(header: 21), new JsonMutator())
{
    protected override long? ReadFile(string path) => WorkerSign.Read(path) is null ? null : 0;

    protected override IReadOnlyList<byte[]> MakeSeeds()
    {
        var sign = new WorkerSign(Pipelines.Stages.Storage.Worker.Current, null, "cpu float32");
        return
        [
            sign.ToBytes(1),
            (sign with { Job = new JobElement("cluster", "12", "3", 1), HasEnded = true }).ToBytes(long.MaxValue),
        ];
    }
}
