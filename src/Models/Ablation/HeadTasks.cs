using Pipelines.Models.Tensors;

namespace Pipelines.Models.Ablation;

/// <summary>The work of an attention kernel, cut for threads: each task writes places of its own.</summary>
internal static class HeadTasks
{
    private const int TasksAThread = 4; // so that none waits long for the last

    /// <summary>Calls for each kv head and some of the sequences.</summary>
    /// <param name="kvHeads">H_kv.</param>
    /// <param name="sequences">B.</param>
    /// <param name="task">kv head, first sequence, first that is not.</param>
    public static void Each(int kvHeads, int sequences, Action<int, int, int> task)
    {
        int threads = PackedLinear.ThreadsHere;
        if (threads == 1)
        {
            for (int kv = 0; kv < kvHeads; kv++)
            {
                task(kv, 0, sequences);
            }

            return;
        }

        int parts = Math.Min(sequences, Math.Max(1, TasksAThread * threads / kvHeads));
        Parallel.For(0, kvHeads * parts, new ParallelOptions { MaxDegreeOfParallelism = threads }, i =>
        {
            int part = i % parts;
            task(i / parts, sequences * part / parts, sequences * (part + 1) / parts);
        });
    }
}
