using System.Collections.Concurrent;
using Pipelines.Stages.Ablation;
using Pipelines.Stages.Models;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Tensors;

namespace Pipelines.Stages;

/// <summary>What a process keeps between units: loaded models and the prefix caches of the pictures at work.</summary>
/// <param name="digests">Digests of weight and picture files.</param>
/// <param name="residentPictures">Prefix caches kept at most; one a worker suffices.</param>
internal sealed class Engine(FileDigests digests, int residentPictures) : IDisposable
{
    private readonly ConcurrentDictionary<(string Folder, Arithmetic Arithmetic), Lazy<VisionLanguageModel>> models = new();
    private readonly Lock leasing = new();
    private readonly List<Resident> residents = [];

    /// <summary>Digests of weight and picture files.</summary>
    public FileDigests Digests => digests;

    /// <summary>The model of a folder, loaded at the first call.</summary>
    public VisionLanguageModel Model(string folder, Arithmetic arithmetic) =>
        models.GetOrAdd((folder, arithmetic), at => new Lazy<VisionLanguageModel>(() => VisionLanguageModel.Load(at.Folder, at.Arithmetic))).Value;

    /// <summary>The prefix cache called <paramref name="name"/>, built at the first call; the lease keeps it alive.</summary>
    public Lease<PrefixCache> Prefix(string name, Func<PrefixCache> build)
    {
        Resident resident;
        lock (leasing)
        {
            resident = residents.Find(r => r.Name == name) ?? new Resident(name, new Lazy<PrefixCache>(build));
            residents.Remove(resident);
            residents.Add(resident); // most recently used last
            resident.Leases++;
            Evict();
        }

        return new Lease<PrefixCache>(resident.Cache, () => Release(resident));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Resident resident in residents.Where(r => r.Cache.IsValueCreated)) resident.Cache.Value.Dispose();
        foreach (var model in models.Values.Where(m => m.IsValueCreated)) model.Value.Dispose();
    }

    private void Release(Resident resident)
    {
        lock (leasing)
        {
            resident.Leases--;
            Evict();
        }
    }

    private void Evict()
    {
        while (residents.Count > residentPictures && residents.Find(r => r.Leases == 0) is { } idle)
        {
            residents.Remove(idle);
            if (idle.Cache.IsValueCreated) idle.Cache.Value.Dispose();
        }
    }

    private sealed class Resident(string name, Lazy<PrefixCache> cache)
    {
        public string Name { get; } = name;

        public Lazy<PrefixCache> Cache { get; } = cache;

        public int Leases { get; set; }
    }
}

/// <summary>A shared thing that stays alive until the lease is disposed.</summary>
internal sealed class Lease<T>(Lazy<T> value, Action release) : IDisposable
{
    /// <summary>The thing.</summary>
    public T Value => value.Value;

    /// <inheritdoc/>
    public void Dispose() => release();
}
