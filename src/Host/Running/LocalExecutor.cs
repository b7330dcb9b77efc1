using System.Collections.Concurrent;
using Pipelines.Models.Tensors;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Running;

/// <summary>Worker threads of this process, each with its own share of the arithmetic threads.</summary>
/// <param name="jobs">Units computed at the same time.</param>
/// <param name="prepare">Called on each worker thread before its first unit.</param>
internal sealed class LocalExecutor(int jobs, Action prepare) : IExecutor
{
    /// <inheritdoc/>
    public IReadOnlyDictionary<Unit, Exception> Execute(
        IReadOnlyList<Unit> units,
        Action<Unit> compute,
        bool stopAtFailure,
        CancellationToken cancel
    )
    {
        var failures = new ConcurrentDictionary<Unit, Exception>();
        int next = -1;
        void Work()
        {
            prepare();
            while (!cancel.IsCancellationRequested && !(stopAtFailure && !failures.IsEmpty))
            {
                int index = Interlocked.Increment(ref next);
                if (index >= units.Count)
                {
                    return;
                }

                try
                {
                    compute(units[index]);
                }
                catch (OperationCanceledException) when (cancel.IsCancellationRequested)
                {
                    return;
                }
#pragma warning disable CA1031 // whatever a unit throws is that unit's failure; the run reports it
                catch (Exception e)
#pragma warning restore CA1031
                {
                    failures[units[index]] = e;
                }
            }
        }

        var workers = Enumerable
            .Range(0, Math.Min(jobs, units.Count))
            .Select(i => new Thread(Work, 16 << 20) { IsBackground = true, Name = $"worker {i}" })
            .ToList();
        workers.ForEach(w => w.Start());
        workers.ForEach(w => w.Join());
        TorchNative.ReturnFreedMemory(); // the next units have other threads
        return failures;
    }
}
