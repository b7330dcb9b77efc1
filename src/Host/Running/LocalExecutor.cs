using System.Runtime.ExceptionServices;
using Pipelines.Models.Tensors;
using Pipelines.Stages.Units;

namespace Pipelines.Host.Running;

/// <summary>Worker threads of this process, each with its own share of the arithmetic threads.</summary>
/// <param name="jobs">Units computed at the same time.</param>
/// <param name="prepare">Called on each worker thread before its first unit.</param>
internal sealed class LocalExecutor(int jobs, Action prepare) : IExecutor
{
    /// <inheritdoc/>
    public void Execute(IWorkSource work, Action<Unit> compute, CancellationToken cancel)
    {
        ExceptionDispatchInfo? broken = null;
        void Work(int worker)
        {
            try
            {
                prepare();
                string? kind = null;
                while (work.Next(worker) is { } unit)
                {
                    if (kind is not null && unit.Kind != kind)
                    {
                        TorchNative.ReturnFreedMemory(); // what comes now asks for blocks of other sizes
                    }

                    kind = unit.Kind;
                    Compute(work, unit, compute, cancel);
                }
            }
#pragma warning disable CA1031 // thrown again on the caller's thread
            catch (Exception e)
#pragma warning restore CA1031
            {
                Interlocked.CompareExchange(ref broken, ExceptionDispatchInfo.Capture(e), null);
            }
        }

        var workers = Enumerable
            .Range(0, jobs)
            .Select(i => new Thread(() => Work(i), 16 << 20) { IsBackground = true, Name = $"worker {i}" })
            .ToList();
        workers.ForEach(w => w.Start());
        workers.ForEach(w => w.Join());
        TorchNative.ReturnFreedMemory();
        broken?.Throw();
    }

    private static void Compute(IWorkSource work, Unit unit, Action<Unit> compute, CancellationToken cancel)
    {
        Exception? failure = null;
        bool isDropped = false;
        try
        {
            compute(unit);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            isDropped = true;
        }
#pragma warning disable CA1031 // whatever a unit throws is that unit's failure; the run reports it
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure = e;
        }

        work.Over(unit, failure, isDropped);
    }
}
