namespace __NAMESPACE__;

/// <summary>
/// Serves the application with Kestrel on your own machine: <c>dotnet run</c> ends up here.
/// </summary>
public static class LocalEntryPoint
{
    public static Task RunAsync(string[] args)
    {
        return CreateHostBuilder(args).Build().RunAsync();
    }

    public static IHostBuilder CreateHostBuilder(string[] args) =>
        Host.CreateDefaultBuilder(args)
            .ConfigureWebHostDefaults(web => web.UseStartup<Startup>());
}
